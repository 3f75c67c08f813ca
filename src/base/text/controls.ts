// What must not reach a terminal.

/**
 * Takes out what a terminal would obey: escape sequences and control characters. Newlines and tabs stay. What a model or a
 * tool prints must not be able to rename the window, answer on the owner's behalf or hide what it says.
 */
export function stripControls(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- Finding control characters is what this is for.
      .replace(/\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_])/g, "")
      // oxlint-disable-next-line no-control-regex -- The same.
      .replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, "")
  );
}
