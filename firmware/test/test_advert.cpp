// What a board without a home says by mDNS, and to whom.
#include <arpa/inet.h>
#include <doctest/doctest.h>

#include "fakes.hpp"
#include "mdns_advert.hpp"
#include "mdns_packet.hpp"

using namespace gatehouse;
using namespace gatehouse::host;
using namespace gatehouse::test;

namespace {

const BoardAdvert kAdvert = {"relay-a1b2c3", "5c:cf:7f:a1:b2:c3", "nodemcuv2", "0.1.0", true, 8484};

std::string u16(unsigned value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string name(const std::string& dotted) {
    std::string out;
    for (size_t from = 0; from < dotted.size();) {
        const size_t dot = dotted.find('.', from);
        out.push_back(static_cast<char>(dot - from));
        out += dotted.substr(from, dot - from);
        from = dot + 1;
    }
    return out + '\0';
}

std::string query(const std::string& asked, unsigned type, const std::string& known = "", unsigned id = 0) {
    return u16(id) + u16(0) + u16(1) + u16(known.empty() ? 0 : 1) + u16(0) + u16(0) + name(asked) +
           u16(type) + u16(1) + known;
}

std::string ask(const std::string& packet, bool legacy = false) {
    const std::vector<char> exact(packet.begin(), packet.end());
    return answerMdns({exact.data(), exact.size()}, kAdvert, inet_addr("10.77.0.5"), legacy);
}

/// `name type class ttl` of each record, and what it holds.
std::vector<std::string> records(const std::string& bytes) {
    Packet packet(view(bytes));
    packet.skip(4);
    const unsigned questions = packet.u16();
    const unsigned count = unsigned{packet.u16()} + packet.u16() + packet.u16();
    for (unsigned at = 0; at < questions; ++at) {
        packet.name();
        packet.skip(4);
    }
    std::vector<std::string> out;
    for (unsigned at = 0; at < count; ++at) {
        std::string one = packet.name();
        const unsigned type = packet.u16();
        one += " " + std::to_string(type) + (packet.u16() == 0x8001 ? " flush" : " shared");
        packet.skip(2);
        one += " " + std::to_string(packet.u16());
        const size_t size = packet.u16();
        const size_t end = packet.at() + size;
        if (type == 12) {
            one += " " + packet.name();
        } else if (type == 33) {
            packet.skip(4);
            one += " " + std::to_string(packet.u16());
            one += " " + packet.name();
        } else if (type == 1) {
            one += " 10." + std::to_string(packet.u16() & 0xffU);
            packet.skip(2);
        } else {
            while (packet.ok() && packet.at() < end) {
                one += " " + packet.text(packet.byte());
            }
        }
        CHECK(packet.at() == end);
        out.push_back(one);
    }
    CHECK(packet.ok());
    CHECK(packet.at() == bytes.size());
    return out;
}

const std::string kPtr = "_gatehouse._tcp.local. 12 shared 120 relay-a1b2c3._gatehouse._tcp.local.";
const std::string kSrv = "relay-a1b2c3._gatehouse._tcp.local. 33 flush 120 8484 relay-a1b2c3.local.";
const std::string kTxt =
    "relay-a1b2c3._gatehouse._tcp.local. 16 flush 120 id=relay-a1b2c3 mac=5c:cf:7f:a1:b2:c3 model=nodemcuv2 "
    "fw=0.1.0 claim=open";
const std::string kA = "relay-a1b2c3.local. 1 flush 120 10.77";
using All = std::vector<std::string>;

}  // namespace

TEST_CASE("advert: it says who it is, where, and whether it can be claimed") {
    CHECK(records(mdnsAnnouncement(kAdvert, inet_addr("10.77.0.5"), 120)) == All{kPtr, kSrv, kTxt, kA});
    BoardAdvert closed = kAdvert;
    closed.open = false;
    const std::string txt = records(mdnsAnnouncement(closed, inet_addr("10.77.0.5"), 0)).at(2);
    CHECK(txt.find(" flush 0 ") != std::string::npos);
    CHECK(txt.find("claim=closed") != std::string::npos);
}

TEST_CASE("advert: questions are answered, others are not") {
    CHECK(records(ask(query("_gatehouse._tcp.local.", 12))) == All{kPtr, kSrv, kTxt, kA});
    CHECK(records(ask(query("_GATEhouse._tcp.local.", 255))) == All{kPtr, kSrv, kTxt, kA});
    CHECK(records(ask(query("relay-a1b2c3._gatehouse._tcp.local.", 33))) == All{kSrv, kA});
    CHECK(records(ask(query("relay-a1b2c3._gatehouse._tcp.local.", 16))) == All{kTxt});
    CHECK(records(ask(query("relay-a1b2c3.local.", 1))) == All{kA});
    CHECK(records(ask(query("_services._dns-sd._udp.local.", 12))) ==
          All{"_services._dns-sd._udp.local. 12 shared 120 _gatehouse._tcp.local."});
    for (const std::string& other : {query("_http._tcp.local.", 12), query("relay-a1b2c4.local.", 1),
                                     query("_gatehouse._tcp.local.", 1), query("relay-a1b2c3.local.", 28)}) {
        CHECK(ask(other).empty());
    }
    // An answer is no question.
    CHECK(ask(mdnsAnnouncement(kAdvert, 0, 120)).empty());
}

TEST_CASE("advert: who knows it already is not told again") {
    const std::string data = name("relay-a1b2c3._gatehouse._tcp.local.");
    const auto known = [&](unsigned ttl, const std::string& instance) {
        return name("_gatehouse._tcp.local.") + u16(12) + u16(1) + u16(0) + u16(ttl) +
               u16(static_cast<unsigned>(instance.size())) + instance;
    };
    CHECK(ask(query("_gatehouse._tcp.local.", 12, known(60, data))).empty());
    CHECK_FALSE(ask(query("_gatehouse._tcp.local.", 12, known(59, data))).empty());
    CHECK_FALSE(
        ask(query("_gatehouse._tcp.local.", 12, known(120, name("relay-1._gatehouse._tcp.local.")))).empty());
}

TEST_CASE("advert: plain DNS gets its number and question back, and keeps nothing for long") {
    const std::string asked = query("relay-a1b2c3.local.", 1, "", 0x1234);
    const std::string answer = ask(asked, true);
    CHECK(answer.substr(0, 2) == u16(0x1234));
    CHECK(answer.substr(12, asked.size() - 12) == asked.substr(12));
    CHECK(records(answer) == All{"relay-a1b2c3.local. 1 shared 10 10.77"});
}

TEST_CASE("advert: no packet is read beyond its end") {
    const std::string whole =
        query("_gatehouse._tcp.local.", 12,
              name("_gatehouse._tcp.local.") + u16(12) + u16(1) + u16(0) + u16(120) + u16(2) + "\xc0\x0c");
    for (size_t size = 0; size < whole.size(); ++size) {
        ask(whole.substr(0, size));
        for (int bit = 0; bit < 8; ++bit) {
            std::string changed = whole;
            changed[size] = static_cast<char>(changed[size] ^ (1 << bit));
            ask(changed);
        }
    }
}
