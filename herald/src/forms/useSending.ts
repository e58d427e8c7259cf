/** A form on its way: whether it is being sent, and what came back against it, in general and by field. */
import { reactive } from "vue";
import { ApiError, messageOf } from "@/api/errors";

export interface Sending {
  busy: boolean;
  /** What concerns the whole form. */
  error: string;
  /** What concerns one field, by its wire name. */
  fields: Record<string, string>;
  /** Runs the sending once at a time; true when it succeeded. */
  run: (send: () => Promise<unknown>) => Promise<boolean>;
}

/** `known` are the wire names of the fields that the form shows; errors of others concern the form. */
export function useSending(known: readonly string[] = []): Sending {
  const sending: Sending = reactive({
    busy: false,
    error: "",
    fields: {},
    async run(send: () => Promise<unknown>) {
      if (sending.busy) return false;
      sending.busy = true;
      sending.error = "";
      sending.fields = {};
      try {
        await send();
        return true;
      } catch (error) {
        if (error instanceof ApiError) {
          sending.fields = Object.fromEntries(Object.entries(error.fields).filter(([name]) => known.includes(name)));
        }
        if (Object.keys(sending.fields).length === 0) sending.error = messageOf(error);
        return false;
      } finally {
        sending.busy = false;
      }
    },
  });
  return sending;
}
