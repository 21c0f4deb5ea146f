// Sets the colour mode before the first paint. Loaded by index.html; `src/app/colorMode.ts` changes it later.
(() => {
  let wish = null;
  try {
    wish = localStorage.getItem('tenantry.theme');
  } catch {
    // Storage is switched off: the system decides.
  }
  const dark = wish === 'dark' || (wish !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.add(dark ? 'dark' : 'light');
  document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
})();
