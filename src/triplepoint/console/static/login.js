const form = document.getElementById("login");
const fault = document.getElementById("fault");
const button = form.querySelector("button");

async function logIn() {
  const body = JSON.stringify({ name: form.elements.name.value, password: form.elements.password.value });
  const headers = { "content-type": "application/json", "x-triplepoint-csrf": "1" };
  const answer = await fetch("/api/login", { method: "POST", headers, body });
  if (answer.ok) return location.replace(form.dataset.next);
  const told = await answer.json().catch(() => null);
  throw new Error(told?.error?.message ?? `the control plane answered ${answer.status}`);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  fault.textContent = "";
  button.disabled = true;
  try {
    await logIn();
  } catch (error) {
    const isAway = error instanceof TypeError;
    fault.textContent = isAway ? "The control plane does not answer; is it running?" : `Not logged in: ${error.message}.`;
    form.elements.password.value = "";
    form.elements.password.focus();
  } finally {
    button.disabled = false;
  }
});
form.elements.name.focus();
