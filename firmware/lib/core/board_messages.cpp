// What the gateway says, and what the board answers.
#include "board.hpp"
#include "effects.hpp"

namespace gatehouse {

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
    } else if (rest == "$configure"_t) {
        onConfigure(message, nowMs, effects);
    } else if (rest == "$network"_t) {
        onNetworkOrder(message, nowMs, effects);
    } else {
        // `/set` among it: an order without an identity moves nothing and changes nothing.
        ++drops_.ignoredMessages;
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
    obey(index, on, command, nowMs, effects);
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

void Board::refuse(const wire::Command& command, wire::Reason reason, uint64_t nowMs) {
    if (!session_.refuse(command, reason, nowMs)) {
        ++drops_.unsentRefusals;
    }
}

}  // namespace gatehouse
