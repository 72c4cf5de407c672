/** Returns the error that the work throws. Fails when it throws none. */
export async function failure(work: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('did not fail');
}
