//! A change of settings that had to wait for its turn is made only if whoever asked for it still may.

use super::{Home, Setting};
use crate::access::Denied;

impl Home {
    /// UNAUTHENTICATED when whoever asked is not signed in any more, FORBIDDEN when they may not any more. A match without a
    /// default: a new setting says here what it rests on.
    pub(super) fn still_allowed(&self, setting: &Setting) -> Result<(), Denied> {
        match setting {
            Setting::UpdateMember(cap, ..)
            | Setting::UpdateHome(cap, _)
            | Setting::DeleteMember(cap, _)
            | Setting::CreateRecoveryCode(cap, ..)
            | Setting::CreateRoom(cap, _)
            | Setting::RenameRoom(cap, ..)
            | Setting::DeleteRoom(cap, _)
            | Setting::UpdateDevice(cap, ..)
            | Setting::UpdateSwitch(cap, ..)
            | Setting::DeleteDevice(cap, _)
            | Setting::EndSession(cap, _)
            | Setting::RegisterBoard(cap, _)
            | Setting::FinishClaim(cap, _)
            | Setting::RotateCredential(cap, ..)
            | Setting::ReleaseDevice(cap, ..)
            | Setting::SetBehindRepeater(cap, ..)
            | Setting::CreateIntegration(cap, _)
            | Setting::DeleteIntegration(cap, _)
            | Setting::UpdateHomeAssistant(cap, ..)
            | Setting::CreateBackupKey(cap, _)
            | Setting::DismissNotice(cap, _) => self.access.still_administers(cap),
            Setting::CreateGrant(cap, ..)
            | Setting::DeleteGrant(cap, _)
            | Setting::CreateGuestLink(cap, ..)
            | Setting::DeleteGuestLink(cap, _)
            | Setting::CreateInvitation(cap, _)
            | Setting::DeleteInvitation(cap, _) => self.access.still_shares(cap),
            Setting::CreateToken(cap, _) | Setting::DeleteToken(cap, _) => self.access.still_holds_tokens(cap),
            Setting::Account(by, _) if !self.access.is_open(*by) => Err(Denied::Unauthenticated),
            Setting::Account(..) => Ok(()),
            // What these rest on, a code, a password or a session, is looked at where they are planned.
            Setting::Claim(_)
            | Setting::OpenSession { .. }
            | Setting::SignInByIdentity { .. }
            | Setting::CloseSession(_)
            | Setting::AcceptInvitation(_)
            | Setting::ConfirmEmail(..)
            | Setting::ResetPassword(_) => Ok(()),
            // Nobody asked.
            Setting::EndRotation(..)
            | Setting::AdoptHeader(_)
            | Setting::AdoptRelays(..)
            | Setting::NoteHardware(..)
            | Setting::NoteTold(_) => Ok(()),
        }
    }
}
