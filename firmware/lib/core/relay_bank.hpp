// The relays: what they do, and what moved them last.
#pragma once

#include "hardware.hpp"
#include "wire.hpp"

namespace gatehouse {

struct Relay {
    /// What the pin read when it was last looked at.
    bool on = false;
    wire::Cause cause = wire::Cause::Boot;
    /// The last command this relay obeyed since boot.
    wire::CommandId obeyed;
};

/// Writes a pin and believes only what it reads back.
class RelayBank {
  public:
    struct Outcome {
        /// The pin changed with this write.
        bool moved = false;
        /// The relay is not what was last known of it: news, even without a movement.
        bool news = false;
        /// The pin reads what was written.
        bool matches = false;
    };

    RelayBank(Pins& pins, uint8_t count) : pins_(pins), count_(count) {}

    uint8_t count() const { return count_; }
    const Relay& operator[](uint8_t index) const { return relays_[index]; }

    /// What the pin reads at this moment.
    bool read(uint8_t index) { return pins_.read(index); }

    /// How the relay is connected, before it is first written.
    void wire(uint8_t index, Wiring wiring) { pins_.wire(index, wiring); }

    /// It is connected otherwise than was thought, and is off by that now.
    void rewire(uint8_t index, Wiring wiring) {
        pins_.wire(index, wiring);
        write(index, false);
    }

    Outcome boot(uint8_t index, bool on) {
        relays_[index] = Relay();
        return write(index, on);
    }

    Outcome obey(uint8_t index, bool on, wire::CommandId id) {
        const Outcome outcome = write(index, on);
        relays_[index].cause = wire::Cause::Command;
        relays_[index].obeyed = id;
        return outcome;
    }

    /// A movement nobody commanded over the network. The cause is kept only if there was one.
    Outcome move(uint8_t index, bool on, wire::Cause cause) {
        const Outcome outcome = write(index, on);
        if (outcome.news) {
            relays_[index].cause = cause;
        }
        return outcome;
    }

  private:
    Outcome write(uint8_t index, bool on) {
        const bool before = pins_.read(index);
        pins_.write(index, on);
        const bool after = pins_.read(index);
        Outcome outcome;
        outcome.moved = before != after;
        outcome.news = outcome.moved || relays_[index].on != after;
        outcome.matches = after == on;
        relays_[index].on = after;
        return outcome;
    }

    Pins& pins_;
    uint8_t count_;
    Relay relays_[kRelaysMax];
};

}  // namespace gatehouse
