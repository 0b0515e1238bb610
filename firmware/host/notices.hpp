// What a board tells people, in words. Neither a secret nor the password of a network is ever among them.
#pragma once

#include <string>

#include "events.hpp"

namespace gatehouse::host {

/// The line on stdout for Effect::Moved.
std::string moveLine(const Effect& effect);

/// For Effect::Log: `gateway` is where it is dialled, `ssid` the network, `why` what is wrong with TLS.
std::string noticeLine(const Effect& effect, const std::string& gateway, const std::string& ssid,
                       const std::string& why, bool secured);

}  // namespace gatehouse::host
