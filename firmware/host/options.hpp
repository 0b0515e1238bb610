// The command line of gatehouse-board.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "radio.hpp"

namespace gatehouse::host {

struct Options {
    std::string flash;
    /// `aa:bb:cc:dd:ee:ff`; empty: made from the path of the flash file.
    std::string mac;
    unsigned relays = 2;
    std::string gatewayHost;
    uint16_t gatewayPort = 0;
    std::string id;
    std::string secretFile;
    std::string wifiSsid;
    std::string wifiPassword;
    /// Not given: what is stored stays. Empty: to be removed.
    std::optional<std::string> caFile;
    /// What names the other end of the serial port; empty: there is none.
    std::string serial;
    /// The networks around; not given: the stored one, or a default.
    std::optional<std::vector<Network>> networks;
    bool help = false;
};

/// What `--help` prints.
extern const char* const kUsage;

/// Reads the arguments. On a mistake `error` gets one line that says what to do and false is returned.
bool parseOptions(int argc, char** argv, Options& out, std::string& error);

}  // namespace gatehouse::host
