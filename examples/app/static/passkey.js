"use strict";

// Buttons with data-passkey="create" or "get" run a ceremony: ask the server at data-begin, let the authenticator answer,
// and send its answer to data-finish.
async function post(url, body) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Accept": "application/json", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.problem);
  return answer;
}

async function ceremony(button) {
  const begun = await post(button.dataset.begin);
  if (begun.location) return begun;
  const credential = button.dataset.passkey === "create"
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(begun.publicKey) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(begun.publicKey) });
  return post(button.dataset.finish, credential);
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  button.addEventListener("click", async () => {
    const problem = document.getElementById("problem");
    problem.textContent = "";
    button.disabled = true;
    try {
      location.assign((await ceremony(button)).location);
    } catch (error) {
      problem.textContent = error.name === "NotAllowedError" ? "The passkey was not used." : error.message;
    } finally {
      button.disabled = false;
    }
  });
}
