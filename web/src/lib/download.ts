/** Milliseconds for which a browser may still read the file after the click. */
const KEPT_MS = 60_000;

/** Saves a file, without a request. */
export function download(name: string, file: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
