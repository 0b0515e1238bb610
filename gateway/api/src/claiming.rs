//! A board in the network is claimed: somebody says which number its light blinks.

use crate::boards::Claim;
use crate::error::{no_such, told};
use crate::viewer::{shared, signed_in};
use async_graphql::{Context, ID, InputObject, Object, Result};
use gatehouse_core::access::Denied;
use gatehouse_core::home::NUMBERS;

/// The number that the light of a board blinks.
#[derive(InputObject)]
pub(crate) struct ConfirmClaimInput {
    /// Which claim.
    claim_id: ID,
    /// How often the light blinks before it rests: 1 to 8.
    number: i32,
}

#[derive(Default)]
pub(crate) struct ClaimingMutation;

#[Object]
impl ClaimingMutation {
    /// Says which number the light of a board blinks that is being claimed in the network, at the step CONFIRMING. The right one has
    /// the board given its home; with a wrong one the claim fails, and nothing is given: there is no other try. For the owner.
    /// Errors: BAD_INPUT (number), NOT_FOUND, CONFLICT (the claim waits for no number), FORBIDDEN, BUSY.
    async fn confirm_claim(&self, ctx: &Context<'_>, input: ConfirmClaimInput) -> Result<Claim> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.claim_id.parse().map_err(|_| no_such("claim"))?;
        let number = u8::try_from(input.number).ok().filter(|number| NUMBERS.contains(number));
        let number = number.ok_or_else(|| {
            let message = "The light blinks 1 to 8 times, then rests. Count again.".to_owned();
            told(Denied::BadInput { field: "number", message })
        })?;
        shared(ctx).hub.confirm_claim(cap, id, number).await.map(Claim::new).map_err(told)
    }
}
