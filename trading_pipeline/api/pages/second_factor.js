// Sets up, moves or drops the second factor of whoever is signed in.
"use strict";
const PATH = "/api/v1/auth/second-factor";

function tell(text) {
  document.getElementById("told").textContent = text;
}

async function ask(method, path, body) {
  const answer = await send(method, path, body);
  if (answer.status === 401) location.replace("/sign-in?next=" + encodeURIComponent(location.pathname));
  tell(answer.ok ? "" : (await answer.json()).detail);
  return answer;
}

function offer(uri) {
  const app = document.getElementById("app");
  app.href = uri;
  app.textContent = new URL(uri).searchParams.get("secret");
  document.getElementById("prove").hidden = true;
  document.getElementById("confirm").hidden = false;
}

document.getElementById("prove").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(event.target);
  const proof = { password: given.get("password"), totp_code: given.get("code") };
  const drop = event.submitter?.value === "drop";
  const answer = await ask("POST", drop ? PATH + "/drop" : PATH, proof);
  if (answer.ok && drop) tell("From now on the password is enough.");
  else if (answer.ok) offer((await answer.json()).totp_uri);
});

document.getElementById("confirm").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await ask("PUT", PATH, { totp_code: new FormData(event.target).get("code") });
  if (!answer.ok) return;
  event.target.hidden = true;
  tell("From the next sign-in on, its codes are asked for.");
});
