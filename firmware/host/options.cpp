#include "options.hpp"

#include <getopt.h>

#include <cctype>
#include <cstdlib>
#include <fstream>

#include "hardware.hpp"
#include "settings.hpp"
#include "wire.hpp"

namespace gatehouse::host {

const char* const kUsage =
    "usage: gatehouse-board --flash FILE [--mac MAC] [--relays N] [--gateway HOST:PORT]\n"
    "                       [--id ID --secret-file FILE] [--wifi SSID:PASSWORD] [--ca FILE]\n"
    "                       [--serial PATH] [--network SSID:PASSWORD[:RSSI]]... [--networks FILE]\n"
    "\n"
    "  --flash FILE         settings flash, made when missing\n"
    "  --mac MAC            aa:bb:cc:dd:ee:ff; without it one is made from the path of FILE\n"
    "  --relays N           1 to 8, 2 when not given\n"
    "  --gateway HOST:PORT  stored in the flash, as are the following\n"
    "  --id ID --secret-file FILE\n"
    "  --wifi SSID:PASSWORD\n"
    "  --ca FILE            the home's authority (PEM): from then on only TLS with its gateway;\n"
    "                       --ca '' removes it, and MQTT is plain TCP again\n"
    "  --serial PATH        PATH becomes a link to a terminal: the board's USB port\n"
    "  --network SSID:PASSWORD[:RSSI]\n"
    "                       a network that there is; no password: open; below -90 dBm: no address\n"
    "  --networks FILE      one of them a line\n"
    "\n"
    "Lines on stdin: button N, flash-button, power-cycle, wifi down, wifi up, unplug, plug,\n"
    "stick N on|off, unstick N, later SECONDS, quit.\n";

namespace {

bool parseNumber(const std::string& text, unsigned long max, unsigned long& out) {
    if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != text.npos) {
        return false;
    }
    out = std::strtoul(text.c_str(), nullptr, 10);
    return out >= 1 && out <= max;
}

bool parseGateway(std::string text, Options& out) {
    const size_t colon = text.rfind(':');
    unsigned long port = 0;
    if (colon == std::string::npos || !parseNumber(text.substr(colon + 1), 65535, port)) {
        return false;
    }
    text.resize(colon);
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
        text = text.substr(1, text.size() - 2);
    } else if (text.find(':') != std::string::npos) {
        return false;  // an IPv6 address without brackets: where the port begins is anyone's guess
    }
    out.gatewayHost = text;
    out.gatewayPort = static_cast<uint16_t>(port);
    return !text.empty() && text.size() <= 128;
}

bool parseMac(const std::string& text, std::string& out) {
    if (text.size() != 17) {
        return false;
    }
    out.clear();
    for (size_t at = 0; at < text.size(); ++at) {
        const unsigned char c = static_cast<unsigned char>(text[at]);
        if (at % 3 == 2 ? c != ':' : std::isxdigit(c) == 0) {
            return false;
        }
        out.push_back(static_cast<char>(std::tolower(c)));
    }
    return true;
}

bool parseWifi(const std::string& text, std::string& ssid, std::string& password) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos) {
        return false;
    }
    ssid = text.substr(0, colon);
    password = text.substr(colon + 1);
    return Settings::isNetwork({ssid.data(), ssid.size()}, {password.data(), password.size()});
}

/// SSID:PASSWORD, and after another colon the strength in dBm, which is negative.
bool parseNetwork(std::string text, Options& out) {
    Network network;
    const size_t minus = text.rfind(":-");
    unsigned long strength = 0;
    if (minus != std::string::npos && minus > text.find(':') &&
        parseNumber(text.substr(minus + 2), 120, strength)) {
        network.rssiDbm = static_cast<int16_t>(-static_cast<int>(strength));
        text.resize(minus);
    }
    if (!parseWifi(text, network.ssid, network.password)) {
        return false;
    }
    if (!out.networks) {
        out.networks.emplace();
    }
    out.networks->push_back(network);
    return true;
}

bool parseNetworks(const std::string& path, Options& out) {
    std::ifstream file(path);
    if (!out.networks) {
        out.networks.emplace();
    }
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && !parseNetwork(line, out)) {
            return false;
        }
    }
    return file.eof();
}

/// Takes one option; what it returns says what to do instead, empty when all is well.
std::string take(int option, const std::string& value, Options& out) {
    unsigned long number = 0;
    switch (option) {
        case 'f':
            out.flash = value;
            return value.empty() ? "--flash needs the path of a file" : "";
        case 'm':
            return parseMac(value, out.mac) ? "" : "--mac must look like 5c:cf:7f:a1:b2:c3";
        case 'r':
            if (!parseNumber(value, kRelaysMax, number)) {
                return "--relays must be a number from 1 to 8";
            }
            out.relays = static_cast<unsigned>(number);
            return "";
        case 'g':
            return parseGateway(value, out)
                       ? ""
                       : "--gateway must be HOST:PORT, such as 127.0.0.1:1883 or [::1]:1883";
        case 'i':
            out.id = value;
            return wire::isBoardId({value.data(), value.size()})
                       ? ""
                       : "--id must be 1 to 32 characters of a-z, 0-9 and -";
        case 's':
            out.secretFile = value;
            return value.empty() ? "--secret-file needs the path of a file" : "";
        case 'w':
            return parseWifi(value, out.wifiSsid, out.wifiPassword)
                       ? ""
                       : "--wifi must be SSID:PASSWORD, up to 32 and 64 bytes long";
        case 'S':
            out.serial = value;
            return value.empty() ? "--serial needs a path for the link to its terminal" : "";
        case 'n':
            return parseNetwork(value, out)
                       ? ""
                       : "--network must be SSID:PASSWORD or SSID:PASSWORD:-60, up to 32 and 64 bytes long";
        case 'N':
            return parseNetworks(value, out) ? ""
                                             : "--networks must be a readable file with SSID:PASSWORD or "
                                               "SSID:PASSWORD:-60 in each line";
        case 'c':
            out.caFile = value;
            return "";
        default:
            return "";
    }
}

}  // namespace

bool parseOptions(int argc, char** argv, Options& out, std::string& error) {
    static const option kOptions[] = {{"flash", required_argument, nullptr, 'f'},
                                      {"mac", required_argument, nullptr, 'm'},
                                      {"relays", required_argument, nullptr, 'r'},
                                      {"gateway", required_argument, nullptr, 'g'},
                                      {"id", required_argument, nullptr, 'i'},
                                      {"secret-file", required_argument, nullptr, 's'},
                                      {"wifi", required_argument, nullptr, 'w'},
                                      {"serial", required_argument, nullptr, 'S'},
                                      {"network", required_argument, nullptr, 'n'},
                                      {"networks", required_argument, nullptr, 'N'},
                                      {"ca", required_argument, nullptr, 'c'},
                                      {"help", no_argument, nullptr, 'h'},
                                      {nullptr, 0, nullptr, 0}};
    opterr = 0;
    int option = 0;
    while ((option = getopt_long(argc, argv, ":h", kOptions, nullptr)) != -1) {
        if (option == 'h') {
            out.help = true;
            return true;
        }
        if (option == ':' || option == '?') {
            const std::string what = argv[optind - 1];
            error = option == ':' ? what + " needs a value: see --help"
                                  : "unknown option " + what + ": see --help";
            return false;
        }
        error = take(option, optarg == nullptr ? "" : optarg, out);
        if (!error.empty()) {
            return false;
        }
    }
    if (optind < argc) {
        error = std::string("unexpected argument ") + argv[optind] + ": see --help";
    } else if (out.flash.empty()) {
        error = "--flash FILE is missing: name the file that is to hold the settings";
    } else if (out.id.empty() != out.secretFile.empty()) {
        error = "--id and --secret-file go together: give both or neither";
    }
    return error.empty();
}

}  // namespace gatehouse::host
