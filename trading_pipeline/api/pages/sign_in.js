// Signs in by what stands after the # (a one-time link), by the session that is still there, or by the form.
"use strict";
const FRONT = "/dagster/";

function next() {
  const wanted = new URL(new URLSearchParams(location.search).get("next") || FRONT, location.origin);
  // Whoever made the link must not send a person who has just signed in elsewhere.
  return wanted.origin === location.origin ? wanted.pathname + wanted.search : FRONT;
}

async function enter(answer) {
  if (answer.ok) location.replace(next());
  else document.getElementById("trouble").textContent = (await answer.json()).detail;
}

async function begin() {
  const link = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  const linked = link ? await openSession("/api/v1/auth/link", { link }) : null;
  // A link that is opened again was used by whoever has its session.
  if (linked?.ok || (await refreshSession(0))) location.replace(next());
  else if (linked) await enter(linked);
}

document.getElementById("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(event.target);
  const body = { name: given.get("name"), password: given.get("password"), totp_code: given.get("code"), cookies: true };
  await enter(await openSession("/api/v1/auth/login", body));
});

begin();
