//! What happened, counted: a world where nothing happens proves nothing.

use gatehouse_core::home::Dropped;
use std::fmt;

macro_rules! totals {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// How often what happened.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Totals {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Totals {
            /// Everything counted, by name.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),*]
            }

            /// Adds another world's.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

totals! {
    /// Worlds simulated to their end.
    worlds,
    /// Inputs that homes took.
    inputs,
    /// Commands confirmed.
    confirmed,
    /// Commands that came too late or out of order.
    refused_stale,
    /// Commands for a relay the firmware does not know any more.
    refused_unknown_endpoint,
    /// Commands whose value the board did not take.
    refused_bad_value,
    /// Commands an interlock forbade.
    refused_interlocked,
    /// Commands during a pulse.
    refused_held_by_pulse,
    /// Commands whose relay read back the other state.
    refused_read_back_differs,
    /// Commands for a board that is not the device's.
    refused_quarantined,
    /// Commands while the gateway stopped.
    refused_gateway_stopping,
    /// Commands without an answer in time.
    timed_out,
    /// Commands open when the gateway stopped.
    timed_out_gateway_stopping,
    /// Commands open when the gateway crashed.
    timed_out_abandoned,
    /// Commands a newer one replaced.
    superseded,
    /// Commands for an absent board.
    offline,
    /// Commands of integrations.
    by_integrations,
    /// Changes credited to an integration.
    credited_to_integrations,
    /// What integrations asked that this home does not know, or not any more.
    dropped_unknown_integration,
    /// What integrations asked of relays that are not there.
    dropped_unknown_switch,
    /// Changes credited to a command that had timed out.
    credited_late,
    /// Changes credited to a command of an earlier run of the daemon.
    credited_over_restart,
    /// Changes by the wall button.
    by_button,
    /// Changes by power-on.
    by_boot,
    /// Changes by the end of a pulse.
    by_pulse,
    /// Changes by the interlock.
    by_interlock,
    /// Changes by a command nobody remembers.
    by_unknown,
    /// Reports that came before their switch was on disk and counted after.
    early_reports,
    /// Words by an old connection.
    dropped_old_link,
    /// Reports of an old session.
    dropped_other_session,
    /// Reports repeated or out of order.
    dropped_old_counter,
    /// Refusals of what is not open.
    dropped_no_such_order,
    /// Taps that named the same command again.
    same_request_id,
    /// Taps that used a name for another command.
    conflicting_request_id,
    /// Taps turned away because too many waited for the same command.
    busy,
    /// Taps with a timeout out of bounds.
    bad_input,
    /// Changes of settings acknowledged.
    settings,
    /// Commands of people who live here.
    by_members,
    /// Commands of guests, by session or by link.
    by_guests,
    /// Commands of programs.
    by_programs,
    /// Taps on a switch that they may only see, by a right that had ended since.
    taps_forbidden,
    /// Taps on a switch that is not there for them any more.
    taps_not_found,
    /// Grants made.
    grants_made,
    /// Grants taken back.
    grants_taken_back,
    /// Grants that ended on time.
    grants_ended,
    /// Guest links made.
    links_made,
    /// Guest links that ended on time.
    links_ended,
    /// API tokens made.
    tokens_made,
    /// API tokens that ended on time.
    tokens_ended,
    /// Invitations made.
    invitations_made,
    /// Invitations that ended on time.
    invitations_ended,
    /// People who came by an invitation.
    joined,
    /// People with another name or role.
    members_changed,
    /// People who went.
    members_removed,
    /// Devices deleted.
    devices_deleted,
    /// Passwords that people made another.
    passwords_changed,
    /// One-time codes for forgotten passwords that were made at the gateway or mailed.
    reset_codes_made,
    /// Passwords replaced by a one-time code.
    passwords_reset,
    /// Identities linked.
    identities_linked,
    /// Identities unlinked.
    identities_unlinked,
    /// Sign-ins by an identity.
    by_identity,
    /// Addresses given.
    addresses_given,
    /// Addresses confirmed.
    addresses_confirmed,
    /// Changes that would have left no owner.
    last_owner_kept,
    /// Changes refused because whoever asked might not any more when it was their turn.
    lost_while_waiting,
    /// Uses of sessions and tokens noted.
    uses_noted,
    /// Integrations made.
    integrations_made,
    /// Integrations revoked.
    integrations_revoked,
    /// Boards that took a new secret and logged in with it.
    rotations,
    /// Logins with a new secret that the board did not hear the answer to.
    logins_unanswered,
    /// Notices dismissed.
    notices_dismissed,
    /// Notices counted up.
    notices_counted_up,
    /// Changes of settings the store could not write.
    storage_failed,
    /// Claims that came second.
    claims_lost,
    /// Sign-ins.
    sign_ins,
    /// Tries slowed down.
    rate_limited,
    /// Connections made.
    connections,
    /// Connections made while the gateway still believed in the one before.
    takeovers,
    /// Power cuts of boards.
    power_cuts,
    /// Boards replaced by one with a copy of their flash, or by the one before.
    boards_swapped,
    /// Devices whose hardware was recorded when their board first came.
    hardware_recorded,
    /// Reports that were believed only when their board had said who it is.
    reports_kept,
    /// Connections gone mute.
    mutes,
    /// Crashes of the gateway.
    crashes,
    /// Stops of the gateway.
    stops,
    /// Steps of the wall clock.
    clock_steps,
}

impl Totals {
    /// Adds what a home did not believe.
    pub(crate) fn add_dropped(&mut self, dropped: Dropped) {
        self.dropped_old_link += dropped.old_link;
        self.dropped_other_session += dropped.other_session;
        self.dropped_old_counter += dropped.old_counter;
        self.dropped_no_such_order += dropped.no_such_order;
        self.dropped_unknown_integration += dropped.unknown_integration;
        self.dropped_unknown_switch += dropped.unknown_switch;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all().into_iter().try_for_each(|(name, count)| writeln!(f, "{count:>12}  {}", name.replace('_', " ")))
    }
}
