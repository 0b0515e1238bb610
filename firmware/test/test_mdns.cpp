// What the network says about where the gateway is: taken exactly, bounded, and believed only once it was
// dialled.
#include <doctest/doctest.h>

#include "fakes.hpp"
#include "mdns.hpp"

using namespace gatehouse;
using namespace gatehouse::host;
using namespace gatehouse::test;

namespace {

std::string u16(unsigned value) {
    return {static_cast<char>(static_cast<unsigned char>(value >> 8)),
            static_cast<char>(static_cast<unsigned char>(value))};
}

std::string label(const std::string& text) {
    return static_cast<char>(static_cast<unsigned char>(text.size())) + text;
}

std::string nul() {
    return std::string(1, '\0');
}

const std::string kService = label("_gatehouse-hub") + label("_tcp") + label("local") + nul();
const std::string kHost = label("gatehouse") + label("local") + nul();

std::string record(const std::string& name, unsigned type, const std::string& data, unsigned kind = 0x8001) {
    return name + u16(type) + u16(kind) + std::string("\0\0\0\x78", 4) +
           u16(static_cast<unsigned>(data.size())) + data;
}

std::string packet(const std::vector<std::string>& records, unsigned flags = 0x8400) {
    std::string out =
        u16(0) + u16(flags) + u16(0) + u16(static_cast<unsigned>(records.size())) + u16(0) + u16(0);
    for (const std::string& one : records) {
        out += one;
    }
    return out;
}

std::string address(int a, int b, int c, int d) {
    return {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c), static_cast<char>(d)};
}

std::vector<std::string> gateway(const std::string& home, unsigned port = 8883) {
    const std::string name = label(home) + kService;
    return {record(kService, 12, name, 1), record(name, 33, u16(0) + u16(0) + u16(port) + kHost),
            record(name, 16, label("home=" + home)), record(kHost, 1, address(10, 77, 0, 3))};
}

/// `host:port` of each, from a block of exactly its size, so that the sanitizer sees one byte too far.
std::vector<std::string> read(const std::string& bytes, const std::string& home = "0a1b2c3d") {
    const std::vector<char> exact(bytes.begin(), bytes.end());
    std::vector<std::string> out;
    for (const Found& found : readMdnsAnswer({exact.data(), exact.size()}, home)) {
        out.push_back(found.host + ":" + std::to_string(found.port));
    }
    return out;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("mdns: the question is the one of RFC 6763") {
    CHECK(mdnsQuestion() ==
          u16(0) + u16(0) + u16(1) + u16(0) + u16(0) + u16(0) + kService + u16(12) + u16(1));
}

TEST_CASE("mdns: an answer leads to address and port of the home's gateway") {
    CHECK(read(packet(gateway("0a1b2c3d"))) == Words{"10.77.0.3:8883"});
    CHECK(read(packet(gateway("0A1B2C3D"))).empty());  // names have no case, but a home's id does
    // Somebody else had the gateway's name first, so it took another.
    const std::string renamed = label("0a1b2c3d (2)") + kService;
    CHECK(read(packet({record(renamed, 33, u16(0) + u16(0) + u16(8883) + kHost),
                       record(renamed, 16, label("home=0a1b2c3d")),
                       record(kHost, 1, address(10, 77, 0, 3))})) == Words{"10.77.0.3:8883"});
    CHECK(read(packet(gateway("ffffffff"))).empty());
    CHECK(read(packet(gateway("0a1b2c3d", 0))).empty());
    CHECK(read(packet(gateway("0a1b2c3d"), 0x0000)).empty());  // a question
    CHECK(read(packet(gateway("0a1b2c3d"), 0x8403)).empty());  // an error
    for (size_t missing = 1; missing < 4; ++missing) {
        std::vector<std::string> records = gateway("0a1b2c3d");
        records.erase(records.begin() + static_cast<long>(missing));
        CHECK(read(packet(records)).empty());
    }
    // Of two homes in one packet, ours.
    std::vector<std::string> both = gateway("ffffffff", 1);
    for (const std::string& one : gateway("0a1b2c3d")) {
        both.push_back(one);
    }
    const Words ours = read(packet(both));
    REQUIRE_FALSE(ours.empty());
    CHECK(ours[0] == "10.77.0.3:8883");
}

TEST_CASE("mdns: names may be shortened, but not in circles") {
    // PTR whose data begins at 12 + 26 + 10: the instance; everything after points there.
    const std::string instance = label("0a1b2c3d") + u16(0xc000 | 12);
    const unsigned at = 12 + static_cast<unsigned>(kService.size()) + 10;
    const std::string pointer = u16(0xc000 | at);
    CHECK(read(packet({record(kService, 12, instance, 1),
                       record(pointer, 16, label("x=1") + label("home=0a1b2c3d")),
                       record(pointer, 33, u16(0) + u16(0) + u16(99) + kHost),
                       record(kHost, 1, address(10, 77, 0, 3))})) == Words{"10.77.0.3:99"});
    for (const unsigned to : {12U, 13U, 0x3fffU, at}) {
        CHECK(read(packet({record(u16(0xc000 | to), 16, label("home=0a1b2c3d"))})).empty());
    }
    std::string deep;
    for (int labels = 0; labels < 60; ++labels) {
        deep += label("abcdefgh");
    }
    CHECK(read(packet({record(deep + nul(), 16, label("home=0a1b2c3d"))})).empty());
}

TEST_CASE("mdns: more than a gateway says is not kept") {
    std::vector<std::string> records = gateway("0a1b2c3d");
    for (int more = 0; more < 100; ++more) {
        records.push_back(record(kHost, 1, address(10, 77, 1, more)));
    }
    CHECK(read(packet(records)).size() == 8);
    std::vector<std::string> late(64, record(kHost, 28, std::string(16, 'x')));
    for (const std::string& one : gateway("0a1b2c3d")) {
        late.push_back(one);
    }
    CHECK(read(packet(late)).empty());
    CHECK(read(packet(gateway("0a1b2c3d")) + std::string(kMdnsPacketMax, 'x')).empty());
}

TEST_CASE("mdns: cut off, injured and random packets harm nothing") {
    const std::string good = packet(gateway("0a1b2c3d"));
    for (size_t size = 0; size < good.size(); ++size) {
        CHECK(read(good.substr(0, size)).empty());
    }
    FakeChip chance;
    size_t taken = 0;
    for (int run = 0; run < 50000; ++run) {
        std::string injured = good;
        for (uint32_t flips = chance.random() % 4; flips < 4; ++flips) {
            injured[chance.random() % injured.size()] = static_cast<char>(chance.random());
        }
        taken += read(injured).size();
    }
    CHECK(taken > 1000);
    for (int run = 0; run < 20000; ++run) {
        std::string noise = u16(0) + u16(0x8400);
        for (uint32_t size = chance.random() % 300; size > 0; --size) {
            noise.push_back(static_cast<char>(chance.random() % 4 == 0 ? 0xc0 : chance.random() % 40));
        }
        CHECK(read(noise).empty());
    }
}
