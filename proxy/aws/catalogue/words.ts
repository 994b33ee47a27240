/** Reads lists of names in the hand-made data. */

/** Returns the words of a text that are set apart by spaces. */
export function words(text: string): string[] {
  return text.split(' ').filter((each) => each !== '')
}
