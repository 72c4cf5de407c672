/** The form in which a name is stored: trimmed, and each character composed in one way (Unicode NFC). */
export function normalizeName(name: string): string {
  return name.trim().normalize('NFC');
}
