//! Identities at a provider.

use super::account::PHONES_TOKEN;
use super::invitations::{BENS_TOKEN, CODE};
use super::*;
use crate::access::Role;
use crate::audit::Kind;
use crate::identity::{Identity, MAX_IDENTITIES, Proof};
use crate::ids::{IdentityId, MemberId};
use crate::invitation::Acceptance;
use crate::notice::{NoticeKind, Subject};

const NEW_TOKEN: TokenHash = TokenHash([8; 32]);

fn identity(subject: &str) -> Identity {
    Identity::new("https://accounts.example.org", subject).unwrap()
}

impl House {
    fn link_identity(&mut self, identity: Identity) -> Result<Answer, Denied> {
        let (member, session) = (self.ana(), self.session_of(&ANAS_TOKEN).unwrap());
        self.account(AccountChange::LinkIdentity { member, session, identity })
    }

    fn come_by(&mut self, identity: Identity, token: TokenHash) -> Result<Viewer, Denied> {
        let client = Client::new("Phone", Some([192, 0, 2, 7].into()));
        let request = self.ask(|request| Input::SignInByIdentity { request, identity, token, client });
        self.written_ok();
        self.viewer_of(request)
    }

    fn viewer_of(&self, request: Request) -> Result<Viewer, Denied> {
        match self.answer(request).clone() {
            Ok(Answer::Viewer(viewer)) => Ok(viewer),
            Ok(other) => panic!("not a viewer: {other:?}"),
            Err(denied) => Err(denied),
        }
    }

    /// Someone who was invited comes by an identity.
    fn join_by(&mut self, who: &str, identity: Identity) -> Result<Viewer, Denied> {
        let (proof, client) = (Proof::Identity(identity), Client::default());
        let new = Acceptance { code: CODE, name: name(who), proof, email: None, token: BENS_TOKEN, client };
        let request = self.setting(Setting::AcceptInvitation(new));
        self.written_ok();
        self.viewer_of(request)
    }

    fn identities_of(&self, member: MemberId) -> Vec<(IdentityId, String)> {
        let all = self.view.access.identities_of(member);
        all.map(|linked| (linked.id, linked.identity.subject().to_owned())).collect()
    }

    fn with_ben_by_identity() -> (Self, Viewer) {
        let mut house = Self::of_ana();
        house.invite(house.new_invitation()).unwrap();
        let ben = house.join_by("Ben", identity("ben")).unwrap();
        (house, ben)
    }
}

fn is_conflict<T: std::fmt::Debug>(answer: &Result<T, Denied>, says: &str) -> bool {
    matches!(answer, Err(Denied::Conflict(message)) if message.contains(says))
}

#[test]
fn only_who_linked_an_identity_is_in_by_it() {
    let mut house = House::of_ana();
    assert_eq!(house.come_by(identity("ana"), NEW_TOKEN), Err(Denied::Unauthenticated));
    assert!(house.tickets.is_empty(), "an unknown identity changes nothing");
    assert_eq!(house.link_identity(identity("ana")), Ok(Answer::Done));
    let ana = house.come_by(identity("ana"), NEW_TOKEN).unwrap();
    assert_eq!(ana.member(), Some(house.ana()));
    let session = house.view.access.session(ana.session().unwrap()).unwrap();
    assert_eq!(session.client.user_agent(), "Phone");
    for other in [identity("Ana"), identity("an"), Identity::new("https://accounts.example.org/", "ana").unwrap()] {
        assert_eq!(house.come_by(other, TokenHash([9; 32])), Err(Denied::Unauthenticated));
    }
    let after = House::load(2, house.written.clone());
    assert_eq!(after.view.access.by_identity(&identity("ana")), Some(house.ana()));
}

#[test]
fn a_storm_of_unknown_identities_is_told_to_the_owner() {
    let mut house = House::of_ana();
    for _ in 0..30 {
        assert_eq!(house.come_by(identity("eve"), NEW_TOKEN), Err(Denied::Unauthenticated));
    }
    let [notice] = &house.view.notices[..] else { panic!("one notice: {:?}", house.view.notices) };
    assert_eq!(
        (notice.kind, notice.subject.clone()),
        (NoticeKind::SignInStorm, Subject::address([192, 0, 2, 7].into()))
    );
}

#[test]
fn nothing_opens_before_there_is_an_owner() {
    let mut house = House::unclaimed();
    assert_eq!(house.come_by(identity("ana"), NEW_TOKEN), Err(Denied::Unclaimed));
}

#[test]
fn an_identity_is_one_person_s_and_a_person_has_one_of_each_provider() {
    let (mut house, ben) = House::with_ben_by_identity();
    assert!(is_conflict(&house.link_identity(identity("ben")), "somebody else"));
    assert_eq!(house.link_identity(identity("ana")), Ok(Answer::Done));
    let writes = house.written.len();
    assert_eq!(house.link_identity(identity("ana")), Ok(Answer::Done), "once more");
    assert_eq!(house.written.len(), writes, "changes nothing");
    assert!(is_conflict(&house.link_identity(identity("ana2")), "Unlink it first"));
    for other in 1..MAX_IDENTITIES {
        house.link_identity(Identity::new(&format!("https://{other}.example.org"), "ana").unwrap()).unwrap();
    }
    assert!(is_conflict(&house.link_identity(Identity::new("https://more.example.org", "ana").unwrap()), "Unlink one"));
    assert_eq!(house.view.access.by_identity(&identity("ben")), ben.member());
}

#[test]
fn nothing_is_linked_when_the_session_is_over_or_somebody_else_s() {
    let mut house = House::with_a_phone();
    let (member, phone) = (house.ana(), house.session_of(&PHONES_TOKEN).unwrap());
    house.account(AccountChange::EndSession { member, session: phone }).unwrap();
    let link = |member, session| AccountChange::LinkIdentity { member, session, identity: identity("ana") };
    assert_eq!(house.account(link(member, phone)), Err(Denied::Unauthenticated));
    let tablet = house.session_of(&ANAS_TOKEN).unwrap();
    assert_eq!(house.account(link(MemberId::from_raw(99), tablet)), Err(Denied::Unauthenticated));
    assert_eq!(house.view.access.by_identity(&identity("ana")), None);
}

#[test]
fn who_comes_by_an_identity_has_no_password_that_is_right_and_keeps_the_identity_until_they_have_one() {
    let (mut house, ben) = House::with_ben_by_identity();
    let (member, session) = (ben.member().unwrap(), ben.session().unwrap());
    assert_eq!((ben.role(), ben.name()), (Role::Member, &name("Ben")));
    let check = house.begin("Ben", "192.0.2.7").unwrap();
    assert_eq!(check.password_hash, None, "as for somebody unknown");

    let (id, _) = house.identities_of(member)[0].clone();
    let unlink = || AccountChange::UnlinkIdentity { member, identity: id };
    assert!(is_conflict(&house.account(unlink()), "Choose a password first"));
    let choose = |hash: &str, was| AccountChange::Password { member, hash: hash.into(), was, keep: session };
    assert!(is_conflict(&house.account(choose("x", Some("guess".into()))), "changed"), "there is none to be right");
    house.account(choose("first", None)).unwrap();
    assert!(is_conflict(&house.account(choose("second", None)), "changed"), "there is one now");
    house.account(unlink()).unwrap();
    assert_eq!(house.come_by(identity("ben"), NEW_TOKEN), Err(Denied::Unauthenticated));
    assert_eq!(house.account(unlink()), Err(Denied::NotFound("identity")));
}

#[test]
fn a_first_password_is_chosen_soon_after_signing_in_only() {
    let (mut house, ben) = House::with_ben_by_identity();
    let (member, early) = (ben.member().unwrap(), ben.session().unwrap());
    let choose = |keep| AccountChange::Password { member, hash: "first".into(), was: None, keep };
    house.wait_ms(u64::try_from(FIRST_PASSWORD_WITHIN.as_millis()).unwrap());
    assert!(is_conflict(&house.account(choose(early)), "in again"));
    let late = house.come_by(identity("ben"), NEW_TOKEN).unwrap().session().unwrap();
    let mut house = House::load(2, house.written.clone());
    assert!(is_conflict(&house.account(choose(late)), "in again"), "a new run of the daemon knows nothing of it");
    let now = house.come_by(identity("ben"), TokenHash([9; 32])).unwrap().session().unwrap();
    assert_eq!(house.account(choose(now)), Ok(Answer::Done));
}

#[test]
fn who_belongs_to_the_home_cannot_join_again_by_the_same_identity() {
    let mut house = House::of_ana();
    house.link_identity(identity("ana")).unwrap();
    house.invite(house.new_invitation()).unwrap();
    assert!(is_conflict(&house.join_by("Zoe", identity("ana")), "Sign in instead"));
    assert_eq!(house.view.invitations.len(), 1, "nothing is used up");
    assert!(house.join_by("Zoe", identity("zoe")).is_ok());
}

#[test]
fn whoever_is_removed_takes_their_identities_along_and_cannot_take_others() {
    let (mut house, ben) = House::with_ben_by_identity();
    house.link_identity(identity("ana")).unwrap();
    let (ana, ben) = (house.ana(), ben.member().unwrap());
    let (of_ana, _) = house.identities_of(ana)[0].clone();
    let foreign = house.account(AccountChange::UnlinkIdentity { member: ben, identity: of_ana });
    assert_eq!(foreign, Err(Denied::NotFound("identity")));
    house.setting(Setting::DeleteMember(Administer::console(), ben));
    house.written_ok();
    assert!(house.identities_of(ben).is_empty());
    assert_eq!(house.come_by(identity("ben"), NEW_TOKEN), Err(Denied::Unauthenticated));
    let after = House::load(2, house.written.clone());
    assert_eq!(after.view.access.by_identity(&identity("ben")), None);
    assert_eq!(after.view.access.by_identity(&identity("ana")), Some(ana));
}

#[test]
fn the_record_says_who_linked_unlinked_and_came_by_what() {
    let (mut house, _) = House::with_ben_by_identity();
    house.link_identity(identity("secret-subject")).unwrap();
    house.come_by(identity("secret-subject"), NEW_TOKEN).unwrap();
    let (member, (id, _)) = (house.ana(), house.identities_of(house.ana())[0].clone());
    house.account(AccountChange::UnlinkIdentity { member, identity: id }).unwrap();
    let lines = house.lines();
    let told: Vec<_> = lines.iter().map(|(kind, _, subject, text)| (*kind, subject.as_str(), text.as_str())).collect();
    let expected = [
        (Kind::MemberJoined, "Ben", "invited by Ana, as a member, by their account at accounts.example.org"),
        (Kind::IdentityLinked, "Ana", "their account at accounts.example.org"),
        (Kind::SignedIn, "Ana", "by their account at accounts.example.org"),
        (Kind::IdentityUnlinked, "Ana", "their account at accounts.example.org"),
    ];
    assert_eq!(told[told.len() - 4..], expected);
    assert!(!format!("{lines:?}").contains("secret-subject"));
}

#[test]
fn another_password_leaves_identities_and_its_line_says_so() {
    let mut house = House::with_a_phone();
    house.link_identity(identity("ana")).unwrap();
    let (cap, member, code) = (Administer::console(), house.ana(), CODE);
    house.ask(|request| Input::OfferReset { request, cap, member, code });
    let reset = Reset { code, password_hash: "new".into(), token: NEW_TOKEN, client: Client::default() };
    house.setting(Setting::ResetPassword(reset));
    house.written_ok();
    let (was, keep) = (Some("new".into()), house.session_of(&NEW_TOKEN).unwrap());
    let change = |was| AccountChange::Password { member, hash: "newer".into(), was, keep };
    house.account(change(was)).unwrap();
    let (id, _) = house.identities_of(member)[0].clone();
    house.account(AccountChange::UnlinkIdentity { member, identity: id }).unwrap();
    house.account(change(Some("newer".into()))).unwrap();
    let lines = house.lines();
    let told: Vec<_> =
        lines.iter().filter(|line| line.0 == Kind::PasswordChanged).map(|line| line.3.as_str()).collect();
    let linked = "still linked with accounts.example.org";
    assert_eq!(told, [&format!("by a link made at the gateway, {linked}"), linked, ""]);
}
