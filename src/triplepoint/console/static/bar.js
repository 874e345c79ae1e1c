// The bar above every page: choosing a theme, logging out, and going to the login when the session has ended.
const theme = document.getElementById("theme");
theme.value = document.documentElement.dataset.theme ?? "";
theme.addEventListener("change", () => {
  if (theme.value) {
    localStorage.setItem("triplepoint-theme", theme.value);
    document.documentElement.dataset.theme = theme.value;
  } else {
    localStorage.removeItem("triplepoint-theme");
    delete document.documentElement.dataset.theme;
  }
});

// Whoever logs out goes to the plain login; whoever is put out comes back, once logged in, to the page they were on. Logging out
// ends the session too, and the page may be told of that first.
let isLeaving = false;
window.onSessionEnd = () => {
  if (!isLeaving) location.assign("/login?next=" + encodeURIComponent(location.pathname));
};

document.getElementById("logout").addEventListener("click", async () => {
  isLeaving = true;
  await fetch("/api/logout", { method: "POST", headers: { "x-triplepoint-csrf": "1" } });
  location.assign("/login");
});

// Without a connection the page tries again by itself; but a session that has ended is never let in again.
setInterval(async () => {
  if (window.socket?.connected) return;
  const answer = await fetch("/api/me").catch(() => null);
  if (answer?.status === 401) window.onSessionEnd();
}, 3000);
