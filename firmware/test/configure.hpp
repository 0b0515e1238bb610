// Orders to configure and their answers, for tests.
#pragma once

#include "world.hpp"

namespace gatehouse::test {

using Words = std::vector<std::string>;

inline World readyWorld(uint8_t relays = 2) {
    World world(relays);
    world.boot();
    world.connect();
    return world;
}

/// The first answer to an order.
inline std::string answer(World& world, unsigned seq, const std::string& endpoint, const std::string& value,
                          uint64_t deadline = 1000000000, const std::string& session = "") {
    world.configure(seq, endpoint, value, deadline, session);
    for (const std::string& word : words(world.settle())) {
        if (word.rfind("$configured ", 0) == 0 || word.rfind("$refusal ", 0) == 0) {
            return word;
        }
    }
    return "nothing";
}

inline std::string done(const World& world, unsigned seq, const std::string& rest) {
    return "$configured " + world.session + " " + std::to_string(seq) + " " + std::to_string(world.now) +
           " " + rest;
}

inline std::string refused(const World& world, unsigned seq, const std::string& rest) {
    return "$refusal " + world.session + " " + std::to_string(seq) + " " + std::to_string(world.now) + " " +
           rest;
}

inline void set(World& world, unsigned seq, const std::string& endpoint, const std::string& value) {
    REQUIRE(answer(world, seq, endpoint, value) == done(world, seq, endpoint + " " + value));
}

/// Movements among the last effects: `relay on cause`.
inline Words moves(const World& world) {
    Words out;
    for (const Effect& effect : world.effects) {
        if (effect.kind == Effect::Kind::Moved) {
            out.push_back(std::to_string(effect.relay + 1) + (effect.on ? " on " : " off ") +
                          str(wire::toText(effect.cause)));
        }
    }
    return out;
}

}  // namespace gatehouse::test
