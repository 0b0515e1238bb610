// The connection to the gateway.
#include "board.hpp"
#include "effects.hpp"

namespace gatehouse {

void Board::tickLink(uint64_t nowMs, Effects& effects) {
    switch (link_) {
        case Link::Waiting:
            if (nowMs >= linkDueMs_) {
                reach(nowMs, effects);
            }
            return;
        case Link::Browsing:
            if (nowMs >= linkDueMs_) {
                dial(nowMs, effects);
            }
            return;
        case Link::Dialing:
            if (nowMs >= linkDueMs_) {
                loseLink(Notice::ConnectFailed, 0, true, nowMs, effects);
            }
            return;
        case Link::LoggingIn:
        case Link::Live: {
            const bool announceLate = link_ == Link::Live && !session_.ready() &&
                                      nowMs - session_.beganMs() >= HomieSession::kAnnounceMs;
            if (!client_.tick(nowMs) || announceLate) {
                loseLink(Notice::BrokerMute, 0, true, nowMs, effects);
            } else if (leaveDueMs_ != 0 && (client_.inFlight() == 0 || nowMs >= leaveDueMs_)) {
                comeBack(nowMs, effects);
            } else if (readyMs_ != 0 && nowMs - readyMs_ >= kStableMs) {
                backoff_.reset();
                readyMs_ = 0;
            }
            return;
        }
        case Link::NoWifi:
        case Link::NotProvisioned:
        case Link::Stopped:
            return;
    }
}

uint64_t Board::linkDeadlineMs() const {
    uint64_t due = UINT64_MAX;
    if (link_ == Link::Waiting || link_ == Link::Browsing || link_ == Link::Dialing) {
        due = earlier(due, linkDueMs_);
    } else if (link_ == Link::LoggingIn || link_ == Link::Live) {
        due = earlier(due, earlier(client_.nextDeadlineMs(), session_.nextDeadlineMs()));
        due = readyMs_ != 0 ? earlier(due, readyMs_ + kStableMs) : due;
        due = leaveDueMs_ != 0 ? earlier(due, leaveDueMs_) : due;
    }
    return due;
}

void Board::startLink(uint64_t nowMs, Effects& effects) {
    if (!settings_.provisioned()) {
        link_ = Link::NotProvisioned;
        log(effects, Notice::NotProvisioned);
        return;
    }
    session_.setId(settings_.id());
    backoff_.reset();
    dial(nowMs, effects);
}

void Board::endLink() {
    link_ = Link::NoWifi;
    session_.end();
    readyMs_ = leaveDueMs_ = 0;
    found_ = failures_ = 0;
}

void Board::reach(uint64_t nowMs, Effects& effects) {
    if (found_ > 0) {
        dropFound();
    }
    // Without TLS whoever answers would be told the secret. A handover has to work where it says.
    if (found_ > 0 || failures_ < kBrowseAfter || !settings_.secured() ||
        settings_.trial() == Settings::Trial::Handover) {
        return dial(nowMs, effects);
    }
    // The stored address has its turn again before the next look around.
    failures_ = kBrowseAfter - 1;
    offers_ = 0;
    link_ = Link::Browsing;
    linkDueMs_ = nowMs + kBrowseMs;
    log(effects, Notice::Browsing);
    act(effects, Effect::Kind::Browse);
}

void Board::found(Text host, uint16_t port) {
    if (link_ != Link::Browsing || host.empty() || port == 0 ||
        (host == settings_.gatewayHost() && port == settings_.gatewayPort())) {
        return;
    }
    for (uint8_t at = 0; at < found_; ++at) {
        if (foundHosts_[at].text() == host && foundPorts_[at] == port) {
            return;
        }
    }
    ++offers_;
    uint32_t at = found_;
    if (found_ == kFoundMax) {
        // Chance decides who stays: an impostor with many addresses must not crowd the gateway out for good.
        at = chip_.random() % offers_;
    }
    if (at < kFoundMax && foundHosts_[at].assign(host)) {
        foundPorts_[at] = port;
        found_ = at == found_ ? static_cast<uint8_t>(found_ + 1) : found_;
    }
}

void Board::dropFound() {
    --found_;
    for (uint8_t at = 0; at < found_; ++at) {
        foundHosts_[at] = foundHosts_[at + 1];
        foundPorts_[at] = foundPorts_[at + 1];
    }
}

void Board::dial(uint64_t nowMs, Effects& effects) {
    link_ = Link::Dialing;
    securing_ = false;
    linkDueMs_ = nowMs + kDialMs;
    act(effects, Effect::Kind::Dial);
}

void Board::logIn(uint64_t nowMs) {
    char topic[64];
    Writer willTopic(topic, sizeof topic);
    homie::writeBase(willTopic, settings_.id());
    willTopic.put("$state"_t);
    mqtt::ConnectOptions options;
    options.clientId = settings_.id();
    options.userName = settings_.id();
    options.password = settings_.loginSecret();
    options.willTopic = willTopic.text();
    options.willPayload = "lost"_t;
    options.keepAliveS = mqtt::kKeepAliveS;
    client_.start(options, nowMs);
    link_ = Link::LoggingIn;
}

void Board::loggedIn(uint64_t nowMs, Effects& effects) {
    if (settings_.trial() != Settings::Trial::None) {
        adopt(effects);
    }
    // From here on the gateway takes no other.
    if (!settings_.candidateSecret().empty() && !settings_.adoptCandidateSecret()) {
        log(effects, Notice::SettingsFailed);
    }
    failures_ = 0;
    if (found_ > 0) {
        // It has the key of our home's gateway and takes our secret: that is where it is now.
        const bool stored = settings_.setGateway(dialHost(), dialPort());
        log(effects, stored ? Notice::GatewayMoved : Notice::SettingsFailed);
        found_ = 0;
    }
    uint32_t session = 0;
    while (session == 0) {
        session = chip_.random();
    }
    link_ = Link::Live;
    gate_.open(session);
    session_.begin(session, nowMs);
}

void Board::loginRefused(uint8_t code, uint64_t nowMs, Effects& effects) {
    progress_.setBack(Setback::Refused);
    const bool refused = code == mqtt::kBadUserNameOrPassword || code == mqtt::kNotAuthorized;
    // While there is a new secret, too, the refusal may be of that one.
    const bool network = settings_.ordered() && settings_.candidateSecret().empty();
    if (refused && (settings_.trial() == Settings::Trial::Handover || network)) {
        return strikeOut(nowMs, effects);
    }
    // Any other answer may come from a gateway that knows the candidate, or already nothing else.
    const bool unknown = code == mqtt::kBadUserNameOrPassword && !settings_.candidateSecret().empty();
    if (unknown && !settings_.dropCandidateSecret()) {
        log(effects, Notice::SettingsFailed);
    }
    loseLink(unknown ? Notice::NewSecretRefused : Notice::LoginRefused, code, true, nowMs, effects);
}

void Board::comeBack(uint64_t nowMs, Effects& effects) {
    session_.sayDisconnected();
    client_.disconnect();
    readyMs_ = leaveDueMs_ = 0;
    log(effects, Notice::NewSecret);
    act(effects, Effect::Kind::Close);
    dial(nowMs, effects);
}

void Board::loseLink(Notice why, uint8_t code, bool close, uint64_t nowMs, Effects& effects) {
    if (link_ != Link::Live && found_ == 0 && failures_ < kBrowseAfter) {
        ++failures_;
    }
    if (link_ == Link::Dialing) {
        progress_.setBack(securing_ ? Setback::Untrusted : Setback::Unreachable);
    }
    session_.end();
    client_.out().clear();
    readyMs_ = leaveDueMs_ = 0;
    if (close) {
        act(effects, Effect::Kind::Close);
    }
    Effect effect;
    effect.kind = Effect::Kind::Log;
    effect.notice = why;
    effect.number = code;
    effect.retryMs = backoff_.nextDelayMs(chip_.random());
    if (found_ > 1 && effect.retryMs > kNextFoundMs) {
        effect.retryMs = kNextFoundMs;
    }
    effects.add(effect);
    link_ = Link::Waiting;
    linkDueMs_ = nowMs + effect.retryMs;
}

}  // namespace gatehouse
