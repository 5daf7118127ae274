// Keeps the session of whoever has a page open: access tokens last fifteen minutes, a page of Dagster much longer.
// A refresh token is good once, so of several pages one refreshes at a time and the others see that it did.
"use strict";
const REFRESH_AFTER_MS = 10 * 60 * 1000;
const REFRESHED_AT = "trading-pipeline.refreshed-at";
const CSRF = "trading-pipeline.csrf";

// A write by cookie repeats the session's token, which a page of ours alone can know.
async function send(method, path, body) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": localStorage.getItem(CSRF) || "" };
  return fetch(path, { method, headers, body: JSON.stringify(body) });
}

async function openSession(path, body) {
  const answer = await send("POST", path, body);
  if (answer.ok) {
    localStorage.setItem(CSRF, (await answer.clone().json()).csrf_token);
    localStorage.setItem(REFRESHED_AT, String(Date.now()));
  }
  return answer;
}

async function refreshSession(olderThanMs) {
  return navigator.locks.request("trading-pipeline.session", async () => {
    if (Date.now() - Number(localStorage.getItem(REFRESHED_AT)) < olderThanMs) return true;
    return (await openSession("/api/v1/auth/refresh", {})).ok;
  });
}

setInterval(() => refreshSession(REFRESH_AFTER_MS).catch(() => {}), 60 * 1000);
