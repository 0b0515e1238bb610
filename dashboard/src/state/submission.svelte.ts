import { messageFor, type Problem } from '../model/messages';
import { problemOf } from './live.svelte';

interface Options {
  /** The fields that show what is wrong with them; of anything else the form tells as a whole. */
  fields?: readonly string[];
  /** The field that is meant when something of that name is there already. */
  conflict?: string;
  /** How what is wrong with the whole is told. */
  message?: (problem: Problem) => string;
}

/** One form on its way to the gateway: sent once at a time, and what became of it beside the field it is about. */
export class Submission {
  busy = $state(false);
  /** What is wrong with the whole. */
  problem = $state('');
  #at = $state<{ field: string; text: string } | null>(null);

  constructor(private readonly options: Options = {}) {}

  /** What is wrong with a field; empty when nothing is. */
  at = (field: string): string => (this.#at?.field === field ? this.#at.text : '');

  /** Says what is missing before the gateway need be asked. */
  refuse(text: string, field?: string): void {
    this.problem = field ? '' : text;
    this.#at = field ? { field, text } : null;
  }

  /** Does it unless it is being done. Answers the error that it ended with, true when it is done, and false when it was not begun. */
  async run(act: () => Promise<unknown>): Promise<boolean | ReturnType<typeof problemOf>> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = '';
    this.#at = null;
    try {
      await act();
      return true;
    } catch (thrown) {
      const error = problemOf(thrown);
      const { fields = [], conflict, message = messageFor } = this.options;
      const field = error.code === 'CONFLICT' && conflict ? conflict : (error.field ?? '');
      if (fields.includes(field)) this.#at = { field, text: error.message };
      else this.problem = message(error);
      return error;
    } finally {
      this.busy = false;
    }
  }
}
