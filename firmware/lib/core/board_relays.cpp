// What moves relays: commands, wall buttons, interlocks, the end of a pulse, the boot. All of it holds
// without a gateway.
#include "board.hpp"
#include "effects.hpp"

namespace gatehouse {

void Board::bootRelays(uint64_t nowMs, Effects& effects) {
    for (uint8_t relay = 0; relay < relays_.count(); ++relay) {
        relays_.wire(relay, settings_.wiring(relay));
    }
    for (uint8_t relay = 0; relay < relays_.count(); ++relay) {
        const PowerOn policy = settings_.powerOn(relay);
        const bool restored = ((settings_.relayMask() >> relay) & 1) != 0;
        bool on = policy == PowerOn::On || (policy == PowerOn::Restore && restored);
        for (uint8_t other = 0; other < relay; ++other) {
            // The first of a group wins.
            on = on && !(guard_.sameGroup(relay, other) && relays_[other].on);
        }
        RelayBank::Outcome outcome = relays_.boot(relay, on);
        outcome.moved = true;  // the setting at boot is always told
        noteMove(relay, outcome, on, nowMs, effects);
        buttons_[relay].sample(false, nowMs);
    }
}

void Board::tickRelays(uint64_t nowMs, Effects& effects) {
    for (uint8_t relay = 0; relay < relays_.count(); ++relay) {
        if (buttons_[relay].settle(nowMs)) {
            press(relay, nowMs, effects);
        }
        wire::CommandId id;
        if (guard_.takeWaiting(relay, nowMs, id)) {
            // None of its group was turned on meanwhile, or this one would not wait any more. But a contact
            // may be welded.
            if (clearGroup(relay, nowMs, effects)) {
                put(relay, true, id, nowMs, effects);
            }
        }
        if (guard_.takePulse(relay, nowMs)) {
            move(relay, false, wire::Cause::Pulse, nowMs, effects);
        }
    }
}

void Board::obey(uint8_t relay, bool on, const wire::Command& command, uint64_t nowMs, Effects& effects) {
    if (on && guard_.pulsing(relay)) {
        return refuse(command, wire::Reason::HeldByPulse, nowMs);
    }
    if (on && !clearGroup(relay, nowMs, effects)) {
        return refuse(command, wire::Reason::Interlocked, nowMs);
    }
    turn(relay, on, command.id, nowMs, effects);
}

void Board::press(uint8_t relay, uint64_t nowMs, Effects& effects) {
    const bool on = !relays_.read(relay) && !guard_.waits(relay);
    if (!on || clearGroup(relay, nowMs, effects)) {
        turn(relay, on, wire::CommandId(), nowMs, effects);
    }
}

bool Board::clearGroup(uint8_t relay, uint64_t nowMs, Effects& effects) {
    bool clear = true;
    for (uint8_t other = 0; other < relays_.count(); ++other) {
        if (!guard_.sameGroup(relay, other)) {
            continue;
        }
        guard_.forget(other);
        if (relays_.read(other)) {
            move(other, false, wire::Cause::Interlock, nowMs, effects);
            clear = clear && !relays_[other].on;
        }
    }
    return clear;
}

void Board::turn(uint8_t relay, bool on, wire::CommandId id, uint64_t nowMs, Effects& effects) {
    guard_.forget(relay);
    const uint64_t allowedMs = on && !relays_.read(relay) ? guard_.allowedMs(relay, relays_.count()) : 0;
    if (allowedMs > nowMs) {
        return guard_.wait(relay, allowedMs, id);
    }
    put(relay, on, id, nowMs, effects);
}

void Board::put(uint8_t relay, bool on, wire::CommandId id, uint64_t nowMs, Effects& effects) {
    if (id.session == 0) {
        return move(relay, on, wire::Cause::Button, nowMs, effects);
    }
    const RelayBank::Outcome outcome = relays_.obey(relay, on, id);
    session_.owe(relay);
    noteMove(relay, outcome, on, nowMs, effects);
}

void Board::move(uint8_t relay, bool on, wire::Cause cause, uint64_t nowMs, Effects& effects) {
    const RelayBank::Outcome outcome = relays_.move(relay, on, cause);
    if (outcome.news) {
        session_.owe(relay);
    }
    noteMove(relay, outcome, on, nowMs, effects);
}

void Board::noteMove(uint8_t relay, RelayBank::Outcome outcome, bool wanted, uint64_t nowMs,
                     Effects& effects) {
    const Relay& state = relays_[relay];
    guard_.note(relay, state.on, nowMs);
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
