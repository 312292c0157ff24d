// The vectors in a browser's worker. vectors.py opens the page and reads the result.
const result = document.getElementById("result");
const worker = new Worker(new URL("./vectors-worker.mjs", import.meta.url), { type: "module" });
worker.onmessage = (event) => {
  result.textContent = event.data;
};
worker.onerror = (event) => {
  result.textContent = `failed\n${event.message}`;
};
