// Before anything is drawn: the theme that was chosen here, if any; otherwise the system's.
(() => {
  const chosen = localStorage.getItem("triplepoint-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
