import * as api from '../api/integrations';
import type { Live } from './live.svelte';

/** The other home systems that may log in, and how Home Assistant is told of the home: for their page alone. */
export class Integrations {
  /** null until read. */
  all = $state.raw<readonly api.Integration[] | null>(null);
  /** null until read. */
  homeAssistant = $state.raw<api.HomeAssistant | null>(null);

  constructor(private readonly live: Live) {}

  /** @throws ApiError */
  load = () =>
    this.live.checked(async () => {
      [this.all, this.homeAssistant] = await Promise.all([api.integrations(), api.homeAssistant()]);
    });

  /** @throws ApiError */
  create = (input: api.CreateIntegrationInput) =>
    this.live.checked(async () => {
      const created = await api.createIntegration(input);
      this.all = [...(this.all ?? []), created.integration];
      return created;
    });

  /** @throws ApiError */
  delete = (id: string) =>
    this.live.checked(async () => {
      await api.deleteIntegration(id);
      this.all = this.all?.filter((one) => one.id !== id) ?? null;
    });

  /** @throws ApiError */
  updateHomeAssistant = (input: api.UpdateHomeAssistantInput) =>
    this.live.checked(async () => {
      this.homeAssistant = await api.updateHomeAssistant(input);
    });
}
