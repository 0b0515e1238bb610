//! What integrations do: ask for switches to be on or off, also when they may not any more.

use crate::world::{Event, MILLISECOND, World};
use gatehouse_core::edge::IntegrationCommand;
use gatehouse_core::home::Input;
use gatehouse_core::name::{BoardId, Endpoint};
use std::sync::Arc;

impl World<'_> {
    pub(crate) fn integration_asks(&mut self) {
        self.again(self.climate.tap * 4, Event::IntegrationAsks);
        self.integration_asks_once();
        if self.rng.per_mille(150) {
            let wait = self.rng.between(MILLISECOND, 400 * MILLISECOND);
            self.after(wait, Event::IntegrationAsksAgain);
        }
    }

    pub(crate) fn integration_asks_once(&mut self) {
        // The last taps are not to be superseded.
        if self.quiet {
            return;
        }
        let Some(asked) = self.any_command() else { return };
        // An edge that is done stops before the hub, so nothing comes after a stop; a home must not rely on that.
        self.handle(Input::IntegrationCommand(asked));
    }

    fn any_command(&mut self) -> Option<IntegrationCommand> {
        // An integration that is mostly: of those there are now.
        let known = self.gateway.as_ref()?.view.integrations.iter().map(|integration| integration.user.clone());
        let known: Vec<Arc<str>> = known.collect();
        let users = if known.is_empty() || self.rng.per_mille(100) { &self.users } else { &known };
        let user = (!users.is_empty()).then(|| users[self.rng.index(users.len())].clone())?;
        let switch = self.any_switch()?;
        let view = &self.gateway.as_ref()?.view;
        let switch = view.switch(switch)?;
        let (mut board, mut endpoint) = (view.device(switch.device)?.board.clone(), switch.endpoint.clone());
        match self.rng.below(30) {
            0 => endpoint = Endpoint::new("relay-1/power-on").ok()?,
            1 => board = BoardId::new("stranger").ok()?,
            _ => {}
        }
        Some(IntegrationCommand { user, board, endpoint, on: self.rng.coin() })
    }
}
