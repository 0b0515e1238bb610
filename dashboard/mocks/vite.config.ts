import { mergeConfig, type Plugin } from 'vite';
import dashboard from '../vite.config';
import { gateway } from './server';
import { liven, sampleWorld } from './sample';

const WALL_BUTTON_EVERY_MS = 20_000;

/** The dashboard on a fake home: `Ana`, password `a warm lamp`; `MOCK_UNCLAIMED=1` begins with the claim page. */
function fakeGateway(): Plugin {
  return {
    name: 'fake-gateway',
    configureServer(vite) {
      const world = sampleWorld();
      world.claimed = !process.env['MOCK_UNCLAIMED'];
      const api = gateway(world);
      const stop = liven(world, 'Floor lamp', WALL_BUTTON_EVERY_MS);
      vite.httpServer?.on('close', stop);
      vite.httpServer?.on('upgrade', (request, socket, head) => void api.upgrade(request, socket, head));
      vite.middlewares.use((request, response, next) => {
        if (!api.answer(request, response)) next();
      });
      vite.config.logger.info(
        world.claimed
          ? `  sign in as ${world.person.name}, password: ${world.person.password}`
          : `  claim at /claim#${world.claimCode}`,
      );
    },
  };
}

export default mergeConfig(dashboard, { plugins: [fakeGateway()] });
