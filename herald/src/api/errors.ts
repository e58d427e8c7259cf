/** What the Forge refused, or why it could not be asked. */

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when no answer came at all. */
    readonly status: number,
    message: string,
    /** Messages that belong to a field of the request, by its name. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const PLAIN: Record<number, string> = {
  0: "The platform does not answer. Check your connection; we keep what you typed.",
  401: "Your login has ended. Log in again to go on.",
  403: "That is not open to you.",
  404: "There is nothing here by that name.",
  429: "That was a bit fast. Wait a moment, then try again.",
};

/** One readable sentence and the messages by field out of any body that the wire allows for an error. */
export function readError(status: number, body: unknown): ApiError {
  const fields: Record<string, string> = {};
  const general: string[] = [];
  if (Array.isArray(body)) {
    general.push(...body.filter((line) => typeof line === "string"));
  } else if (body !== null && typeof body === "object") {
    for (const [name, value] of Object.entries(body)) {
      const text = Array.isArray(value) ? value[0] : value;
      if (typeof text !== "string") continue;
      if (name === "detail" || name === "non_field_errors" || name === "error") general.push(text);
      else if (name !== "code") fields[name] = text;
    }
  }
  const message = general[0] ?? (status === 400 ? Object.values(fields)[0] : undefined) ?? plainText(status);
  return new ApiError(status, message, fields);
}

function plainText(status: number): string {
  if (PLAIN[status]) return PLAIN[status];
  if (status >= 500) return "The platform stumbled over that. Nothing you did is lost; try again in a moment.";
  return `The platform refused that (${status}).`;
}

/** The text to show for anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof Error && error.message) return error.message;
  return "Something unexpected happened. Try again.";
}
