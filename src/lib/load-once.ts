/**
 * Loads at the first call, once for all who ask. A load that failed is forgotten: whoever asks next tries again, for what was missing
 * (a file descriptor, a network) may be there again.
 */
export function loadOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return async () => {
    loading ??= load();
    const current = loading;
    try {
      return await current;
    } catch (error) {
      // By then another may be under way.
      if (loading === current) loading = undefined;
      throw error;
    }
  };
}
