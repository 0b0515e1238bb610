/** Time zones to choose from, by their IANA names; which there are, the gateway knows. */
export const zones = (): readonly string[] => {
  const known = Intl.supportedValuesOf('timeZone');
  return known.includes('UTC') ? known : [...known, 'UTC'];
};

/** Whether somebody lives here: guests visit. */
export const livesHere = (person: { role: string }): boolean => person.role !== 'GUEST';

/** Names as they are said: "Ana, Ben and Cleo". */
export const listed = (names: readonly string[]): string => new Intl.ListFormat('en').format(names);
