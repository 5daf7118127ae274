// Keeps the session of whoever has a page open: access tokens last fifteen minutes, a page of Dagster much longer.
// A refresh token is good once, so of several pages one refreshes at a time and the others see that it did.
"use strict";
const REFRESH_AFTER_MS = 10 * 60 * 1000;
const REFRESHED_AT = "trading-pipeline.refreshed-at";

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (answer.ok) localStorage.setItem(REFRESHED_AT, String(Date.now()));
  return answer;
}

async function refreshSession(olderThanMs) {
  return navigator.locks.request("trading-pipeline.session", async () => {
    if (Date.now() - Number(localStorage.getItem(REFRESHED_AT)) < olderThanMs) return true;
    return (await post("/api/v1/auth/refresh", {})).ok;
  });
}

setInterval(() => refreshSession(REFRESH_AFTER_MS).catch(() => {}), 60 * 1000);
