// How the parts of the board ask for something.
#pragma once

#include "events.hpp"

namespace gatehouse {

inline void log(Effects& effects, Notice notice, uint8_t relay = 0) {
    Effect effect;
    effect.kind = Effect::Kind::Log;
    effect.notice = notice;
    effect.relay = relay;
    effects.add(effect);
}

inline void act(Effects& effects, Effect::Kind kind) {
    Effect effect;
    effect.kind = kind;
    effects.add(effect);
}

inline uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

}  // namespace gatehouse
