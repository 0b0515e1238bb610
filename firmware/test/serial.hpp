// The gateway's end of a board's serial line, and the golden files of both.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "crc32.hpp"
#include "fakes.hpp"
#include "handover.hpp"
#include "improv.hpp"

namespace doctest {
template <>
struct StringMaker<std::vector<std::string>> {
    static String convert(const std::vector<std::string>& words) {
        std::string all;
        for (const std::string& word : words) {
            all += word + ", ";
        }
        return all.c_str();
    }
};
}  // namespace doctest

namespace gatehouse::test {

/// A frame of a board, in words: `state 4`, `error 1`, `result 178|1|relay-...`.
using Frames = std::vector<std::string>;

inline std::string lengthed(const std::string& text) {
    return std::string(1, static_cast<char>(text.size())) + text;
}

inline std::string rpc(uint8_t command, const std::string& rest = "") {
    char buffer[improv::kFrameMax];
    Writer out(buffer, sizeof buffer);
    improv::writeRpc(out, static_cast<improv::Command>(command), view(rest));
    return "\n" + str(out.text());
}

inline std::string networkRpc(const std::string& ssid, const std::string& password) {
    return rpc(1, lengthed(ssid) + lengthed(password));
}

inline std::string chunkRpc(unsigned number, bool last, const std::string& bytes) {
    return rpc(0xb0, std::string(1, static_cast<char>(number)) + (last ? '\1' : '\0') + bytes);
}

/// A document in chunks of `size` bytes.
inline std::vector<std::string> chunkRpcs(const std::string& document, size_t size = 128) {
    std::vector<std::string> out;
    for (size_t at = 0; at < document.size(); at += size) {
        out.push_back(chunkRpc(static_cast<unsigned>(out.size()), at + size >= document.size(),
                               document.substr(at, size)));
    }
    return out;
}

inline std::string littleEndian(uint64_t value, size_t size) {
    std::string out;
    for (size_t at = 0; at < size; ++at) {
        out.push_back(static_cast<char>(value >> (8 * at)));
    }
    return out;
}

inline std::string field(uint8_t tag, const std::string& value) {
    return std::string(1, static_cast<char>(tag)) + littleEndian(value.size(), 2) + value;
}

inline std::string sealed(const std::string& fields) {
    return fields + littleEndian(crc32(fields.data(), fields.size()), 4);
}

inline std::string document(const std::string& id, const std::string& secret, const std::string& host,
                            uint16_t port, const std::string& authority) {
    return sealed(field(1, lengthed(id) + secret) + field(2, littleEndian(port, 2) + host) +
                  field(6, authority));
}

/// The frames in what a board sent, which end with what is no whole frame.
inline Frames framesOf(const std::string& sent) {
    Frames out;
    improv::Parser parser;
    Text rest = view(sent);
    while (true) {
        const improv::Parser::Found found = parser.next(rest);
        if (found == improv::Parser::Found::Nothing) {
            return out;
        }
        CHECK(found == improv::Parser::Found::Frame);
        const std::string data = str(parser.data());
        CHECK(data.size() != 10);
        if (parser.type() == 4) {
            std::string words = "result " + std::to_string(static_cast<uint8_t>(data.at(0)));
            size_t at = 2;
            const size_t end = 2 + static_cast<uint8_t>(data.at(1));
            while (at < end) {
                const size_t size = static_cast<uint8_t>(data.at(at));
                words += "|" + data.substr(at + 1, size);
                at += 1 + size;
            }
            out.push_back(words);
        } else {
            out.push_back((parser.type() == 1 ? "state " : "error ") +
                          std::to_string(static_cast<uint8_t>(data.at(0))));
        }
    }
}

/// The rows of a golden file.
inline std::vector<std::vector<std::string>> rows(const std::string& name) {
    const char* const path = std::getenv("GATEHOUSE_VECTORS");
    std::ifstream file(std::string(path == nullptr ? "../tests/vectors" : path) + "/serial/" + name);
    std::vector<std::vector<std::string>> out;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        std::vector<std::string> columns;
        std::stringstream stream(line);
        for (std::string column; std::getline(stream, column, '\t');) {
            columns.push_back(column);
        }
        if (line.back() == '\t') {
            columns.push_back("");
        }
        out.push_back(columns);
    }
    REQUIRE(out.size() > 1);
    return out;
}

inline std::string unhex(const std::string& hex) {
    std::string out;
    for (size_t at = 0; at + 1 < hex.size(); at += 2) {
        out.push_back(static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16)));
    }
    return out;
}

inline std::vector<std::string> split(const std::string& text, char by) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        if (c == by) {
            out.emplace_back();
        } else {
            out.back().push_back(c);
        }
    }
    return out;
}

/// What the boot ROM of an ESP8266 prints, as a receiver at the wrong speed may see it, and a line of a log.
inline std::string noise() {
    return "\n ets Jan  8 2013,rst cause:1, boot mode:(3,6)\n\nload 0x4010f000, len 1384, room 16 \ntail 8\n"
           "chksum 0x2d\ncsum 0x2d\nv3fff3388\n~ld\n" +
           std::string("\xff\x00\x8c\xecIMPR\x01IMPROV\x02\x03IIMPRO", 23) + "gatehouse: cannot connect\r\n";
}

}  // namespace gatehouse::test
