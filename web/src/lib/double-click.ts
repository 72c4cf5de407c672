/**
 * Makes a double click one click. The page may have changed between the two, and then the second one would
 * press what is now in the place of the button.
 */
export function ignoreSecondClicks(): void {
  const listen = (event: MouseEvent) => {
    const { target, detail } = event;
    if (detail < 2 || !(target instanceof Element) || target.closest('button, a') === null) return;
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener('click', listen, { capture: true });
}
