#include "board.hpp"

namespace gatehouse {
namespace {

uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

void log(Effects& effects, Notice notice, uint8_t relay = 0) {
    Effect effect;
    effect.kind = Effect::Kind::Log;
    effect.notice = notice;
    effect.relay = relay;
    effects.add(effect);
}

void act(Effects& effects, Effect::Kind kind) {
    Effect effect;
    effect.kind = kind;
    effects.add(effect);
}

}  // namespace

Board::Board(const BoardInfo& info, Pins& pins, Flash& flash, Chip& chip)
    : info_(info),
      chip_(chip),
      settings_(flash),
      relays_(pins, info.relayCount),
      restore_(settings_, relays_),
      session_(client_, relays_, settings_, info_, chip) {}

void Board::handle(const Event& event, Effects& effects) {
    const uint64_t nowMs = event.nowMs;
    switch (event.kind) {
        case Event::Kind::Boot:
            boot(nowMs, effects);
            return;
        case Event::Kind::Tick:
            break;
        case Event::Kind::WifiUp:
            wifiUp(nowMs, effects);
            break;
        case Event::Kind::WifiDown:
            wifiDown();
            break;
        case Event::Kind::Securing:
            if (link_ == Link::Dialing) {
                linkDueMs_ = nowMs + kHandshakeMs;
            }
            break;
        case Event::Kind::Connected:
            if (link_ == Link::Dialing) {
                logIn(nowMs);
            }
            break;
        case Event::Kind::Disconnected:
            if (linked()) {
                const bool dialing = link_ == Link::Dialing;
                loseLink(dialing ? Notice::ConnectFailed : Notice::ConnectionLost, 0, false, nowMs, effects);
            }
            break;
        case Event::Kind::Found:
            found(event.bytes, event.port);
            break;
        case Event::Kind::Received:
            received(event.bytes, nowMs, effects);
            break;
        case Event::Kind::Button:
            if (event.button < relays_.count() && buttons_[event.button].sample(event.pressed, nowMs)) {
                press(event.button, nowMs, effects);
            }
            break;
        case Event::Kind::Stop:
            stop(effects);
            return;
    }
    tick(nowMs, effects);
}

void Board::boot(uint64_t nowMs, Effects& effects) {
    if (!settings_.load()) {
        log(effects, Notice::SettingsFailed);
    }
    for (uint8_t relay = 0; relay < relays_.count(); ++relay) {
        const PowerOn policy = settings_.powerOn(relay);
        const bool restored = ((settings_.relayMask() >> relay) & 1) != 0;
        const bool on = policy == PowerOn::On || (policy == PowerOn::Restore && restored);
        RelayBank::Outcome outcome = relays_.boot(relay, on);
        outcome.moved = true;  // the setting at boot is always told
        noteMove(relay, outcome, on, nowMs, effects);
        buttons_[relay].sample(false, nowMs);
    }
}

void Board::tick(uint64_t nowMs, Effects& effects) {
    for (uint8_t button = 0; button < relays_.count(); ++button) {
        if (buttons_[button].settle(nowMs)) {
            press(button, nowMs, effects);
        }
    }
    if (!restore_.tick(nowMs)) {
        log(effects, Notice::SettingsFailed);
    }
    tickLink(nowMs, effects);
    session_.pump(nowMs);
}

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

uint64_t Board::nextDeadlineMs() const {
    uint64_t due = restore_.nextDeadlineMs();
    for (uint8_t button = 0; button < relays_.count(); ++button) {
        due = earlier(due, buttons_[button].nextDeadlineMs());
    }
    if (link_ == Link::Waiting || link_ == Link::Browsing || link_ == Link::Dialing) {
        due = earlier(due, linkDueMs_);
    } else if (link_ == Link::LoggingIn || link_ == Link::Live) {
        due = earlier(due, earlier(client_.nextDeadlineMs(), session_.nextDeadlineMs()));
        due = readyMs_ != 0 ? earlier(due, readyMs_ + kStableMs) : due;
        due = leaveDueMs_ != 0 ? earlier(due, leaveDueMs_) : due;
    }
    return due;
}

void Board::stop(Effects& effects) {
    if (!restore_.store()) {
        log(effects, Notice::SettingsFailed);
    }
    if (link_ == Link::Live) {
        session_.sayDisconnected();
    }
    if (link_ == Link::Live || link_ == Link::LoggingIn) {
        client_.disconnect();
    }
    link_ = Link::Stopped;
    act(effects, Effect::Kind::Stopped);
}

void Board::wifiUp(uint64_t nowMs, Effects& effects) {
    if (link_ != Link::NoWifi) {
        return;
    }
    if (!settings_.provisioned()) {
        link_ = Link::NotProvisioned;
        log(effects, Notice::NotProvisioned);
        return;
    }
    session_.setId(settings_.id());
    backoff_.reset();
    dial(nowMs, effects);
}

void Board::wifiDown() {
    if (link_ != Link::Stopped) {
        link_ = Link::NoWifi;
        session_.end();
        client_.out().clear();
        readyMs_ = leaveDueMs_ = 0;
        found_ = failures_ = 0;
    }
}

void Board::reach(uint64_t nowMs, Effects& effects) {
    if (found_ > 0) {
        dropFound();
    }
    // Without TLS whoever answers would be told the secret.
    if (found_ > 0 || failures_ < kBrowseAfter || !settings_.secured()) {
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

void Board::received(Text bytes, uint64_t nowMs, Effects& effects) {
    while (link_ == Link::LoggingIn || link_ == Link::Live) {
        const mqtt::Incoming incoming = client_.next(bytes, nowMs);
        switch (incoming.kind) {
            case mqtt::Incoming::Kind::Nothing:
                return;
            case mqtt::Incoming::Kind::Connected:
                loggedIn(nowMs, effects);
                break;
            case mqtt::Incoming::Kind::Message:
                onMessage(incoming.message, nowMs, effects);
                session_.pump(nowMs);
                client_.acknowledge(incoming.message);
                break;
            case mqtt::Incoming::Kind::TooLong:
                ++drops_.tooLong;
                break;
            case mqtt::Incoming::Kind::Subscribed:
                session_.subscribed();
                readyMs_ = nowMs;
                log(effects, Notice::Ready);
                break;
            case mqtt::Incoming::Kind::LoginRefused:
                loginRefused(incoming.code, nowMs, effects);
                break;
            case mqtt::Incoming::Kind::SubscribeRefused:
                loseLink(Notice::SubscribeRefused, 0, true, nowMs, effects);
                break;
            case mqtt::Incoming::Kind::Malformed:
                loseLink(Notice::MalformedPacket, 0, true, nowMs, effects);
                break;
        }
    }
}

void Board::onMessage(const mqtt::Publish& message, uint64_t nowMs, Effects& effects) {
    const Text base = session_.base();
    const Text rest = message.topic.startsWith(base) ? message.topic.from(base.size) : Text();
    if (rest == "$command"_t) {
        onCommand(message, nowMs, effects);
    } else if (rest == "$credential"_t) {
        onCredential(message, nowMs, effects);
    } else {
        onSet(rest, message, nowMs, effects);
    }
}

void Board::onCommand(const mqtt::Publish& message, uint64_t nowMs, Effects& effects) {
    if (message.retain) {
        ++drops_.retainedCommands;
        return;
    }
    wire::Command command;
    if (!wire::parse(message.payload, command)) {
        ++drops_.malformedCommands;
        return;
    }
    if (!gate_.admit(command, nowMs)) {
        return refuse(command, wire::Reason::Stale, nowMs);
    }
    const int relay = homie::parseRelay(command.endpoint, "on"_t, relays_.count());
    if (relay < 0) {
        return refuse(command, wire::Reason::UnknownEndpoint, nowMs);
    }
    const bool on = command.value == "true"_t;
    if (!on && command.value != "false"_t) {
        return refuse(command, wire::Reason::BadValue, nowMs);
    }
    const uint8_t index = static_cast<uint8_t>(relay);
    const RelayBank::Outcome outcome = relays_.obey(index, on, command.id);
    session_.owe(index);
    noteMove(index, outcome, on, nowMs, effects);
}

void Board::onCredential(const mqtt::Publish& message, uint64_t nowMs, Effects& effects) {
    wire::Credential credential;
    if (message.retain) {
        ++drops_.retainedCommands;
    } else if (!wire::parse(message.payload, credential)) {
        ++drops_.malformedCommands;
    } else if (!gate_.admit(credential.id)) {
        ++drops_.staleSecrets;
    } else if (!settings_.setCandidateSecret(credential.secret)) {
        log(effects, Notice::SettingsFailed);
    } else if (leaveDueMs_ == 0) {
        leaveDueMs_ = nowMs + kLeaveMs;
    }
}

void Board::onSet(Text topic, const mqtt::Publish& message, uint64_t nowMs, Effects& effects) {
    const int relay = homie::parseRelay(topic, "power-on/set"_t, relays_.count());
    PowerOn policy = PowerOn::Off;
    if (relay < 0 || message.retain || !parse(message.payload, policy)) {
        ++drops_.ignoredMessages;
        return;
    }
    const uint8_t index = static_cast<uint8_t>(relay);
    if (settings_.setPowerOn(index, policy)) {
        restore_.changed(nowMs);
    } else {
        log(effects, Notice::SettingsFailed);
    }
    session_.owePowerOn(index);
}

void Board::refuse(const wire::Command& command, wire::Reason reason, uint64_t nowMs) {
    if (!session_.refuse(command, reason, nowMs)) {
        ++drops_.unsentRefusals;
    }
}

void Board::press(uint8_t button, uint64_t nowMs, Effects& effects) {
    const bool on = !relays_.read(button);
    const RelayBank::Outcome outcome = relays_.move(button, on, wire::Cause::Button);
    if (outcome.news) {
        session_.owe(button);
    }
    noteMove(button, outcome, on, nowMs, effects);
}

void Board::noteMove(uint8_t relay, RelayBank::Outcome outcome, bool wanted, uint64_t nowMs,
                     Effects& effects) {
    const Relay& state = relays_[relay];
    if (outcome.moved) {
        Effect effect;
        effect.kind = Effect::Kind::Moved;
        effect.relay = relay;
        effect.on = state.on;
        effect.cause = state.cause;
        effect.number = state.obeyed.seq;
        effects.add(effect);
    }
    if (outcome.news && state.cause != wire::Cause::Boot) {
        restore_.changed(nowMs);
    }
    if (state.on != wanted) {
        log(effects, Notice::ReadBackDiffers, relay);
    }
}

}  // namespace gatehouse
