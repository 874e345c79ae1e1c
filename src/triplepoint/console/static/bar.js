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

document.getElementById("logout").addEventListener("click", async () => {
  await fetch("/api/logout", { method: "POST", headers: { "x-triplepoint-csrf": "1" } });
  location.assign("/login");
});

// Without a connection the page tries again by itself; but a session that has ended is never let in again.
setInterval(async () => {
  if (window.socket?.connected) return;
  const answer = await fetch("/api/me").catch(() => null);
  if (answer?.status === 401) location.assign("/login?next=" + encodeURIComponent(location.pathname));
}, 3000);
