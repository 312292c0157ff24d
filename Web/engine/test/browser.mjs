// The engine in a browser's worker, where the product runs it. browser.py opens the page and reads the result.
const result = document.getElementById("result");
const worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
worker.onmessage = (event) => {
  result.textContent = event.data;
};
worker.onerror = (event) => {
  result.textContent = `failed: ${event.message}`;
};
