// What a message says, as text: its own words with their hidden links shown, and a word for what is not text.
import { filesOf } from "./files.ts";
import type { Content, Entity } from "./update.ts";

export function textOf(content: Content): string {
  const words = withLinks(content.text ?? content.caption ?? "", entitiesOf(content));
  return [words, ...thingsOf(content)].filter((part) => part !== "").join("\n");
}

export function entitiesOf(content: Content): readonly Entity[] {
  return (content.text === undefined ? content.caption_entities : content.entities) ?? [];
}

/** What somebody else wrote, for a quote: files are named and never fetched. */
export function quotedTextOf(content: Content): string {
  const files = filesOf(content, 0).map(({ kind }) => `[${kind}]`);
  return [textOf(content), ...files].filter((part) => part !== "").join("\n");
}

/** A link whose label says something else is shown for what it is. */
function withLinks(text: string, entities: readonly Entity[]): string {
  let shown = text;
  for (const { type, url, offset, length } of entities.toSorted((a, b) => b.offset - a.offset)) {
    if (type !== "text_link" || url === undefined || offset + length > text.length) continue;
    const label = text.slice(offset, offset + length);
    if (label !== url) shown = `${shown.slice(0, offset + length)} (${url})${shown.slice(offset + length)}`;
  }
  return shown;
}

function thingsOf(content: Content): readonly string[] {
  const { sticker, venue, location, contact, poll, dice } = content;
  const things: string[] = [];
  if (sticker !== undefined) things.push(`[sticker${sticker.emoji === undefined ? "" : ` ${sticker.emoji}`}]`);
  if (venue !== undefined) things.push(`[place ${venue.title}, ${venue.address}: ${renderPlace(venue.location)}]`);
  else if (location !== undefined) things.push(`[location ${renderPlace(location)}]`);
  if (contact !== undefined) things.push(`[contact ${fullName(contact)}: ${contact.phone_number}]`);
  if (poll !== undefined) things.push(`[poll ${poll.question}: ${poll.options.map(({ text }) => text).join(" / ")}]`);
  if (dice !== undefined) things.push(`[${dice.emoji} ${dice.value}]`);
  if (content.story !== undefined) things.push("[a story, which bots cannot read]");
  return things;
}

export function fullName(named: { readonly first_name: string; readonly last_name?: string | undefined }): string {
  return [named.first_name, named.last_name ?? ""].join(" ").trim();
}

function renderPlace({ latitude, longitude }: { readonly latitude: number; readonly longitude: number }): string {
  return `${latitude}, ${longitude}`;
}
