// What is taken for the authority of a home, and what is not.
#include <doctest/doctest.h>

#include <random>

#include "authority.hpp"
#include "fakes.hpp"
#include "pki.hpp"
#include "settings.hpp"
#include "tls_client.hpp"

using namespace gatehouse;
using namespace gatehouse::host;
using namespace gatehouse::test;

namespace {

std::string tagged(int tag, const std::string& content) {
    REQUIRE(content.size() < 128);
    return std::string(1, static_cast<char>(tag)) + static_cast<char>(content.size()) + content;
}

std::string attribute(const std::string& kind, const std::string& value, int tag = 0x0c) {
    return tagged(0x31, tagged(0x30, tagged(0x06, kind) + tagged(tag, value)));
}

const std::string kCommonName = "\x55\x04\x03";
const std::string kOrganisation = "\x55\x04\x0a";

std::string serverName(const std::string& der) {
    return serverNameOf(view(der));
}

std::string derOf(const Pki& pki) {
    std::string der;
    std::string error;
    CHECK(decodePem(slurp(pki.ca()), der, error));
    return der;
}

}  // namespace

TEST_CASE("authority: the name of the home's gateway follows from the subject") {
    const std::string good = attribute(kCommonName, "Gatehouse 0123ABcd");
    CHECK(serverName(tagged(0x30, good)) == "0123abcd.gatehouse.internal");
    CHECK(serverName(tagged(0x30, attribute(kCommonName, "Gatehouse WXYZ7890", 0x13))) ==
          "wxyz7890.gatehouse.internal");
    CHECK(serverName(tagged(0x30, attribute(kOrganisation, "Gatehouse 99999999") + good)) ==
          "0123abcd.gatehouse.internal");
    const std::vector<std::string> bad = {
        "",
        good,
        tagged(0x30, ""),
        tagged(0x31, good),
        tagged(0x30, good) + "x",
        tagged(0x30, good + "x"),
        tagged(0x30, good + good),
        tagged(0x30, attribute(kOrganisation, "Gatehouse 0123abcd")),
        tagged(0x30, attribute(kCommonName, "Gatehouse 0123abc")),
        tagged(0x30, attribute(kCommonName, "Gatehouse 0123abcd0")),
        tagged(0x30, attribute(kCommonName, "gatehouse 0123abcd")),
        tagged(0x30, attribute(kCommonName, "Gatehouse 0123.bcd")),
        tagged(0x30, attribute(kCommonName,
                               "Gatehouse 0123\xc3\xa4"
                               "bc")),
        tagged(0x30, attribute(kCommonName, std::string("Gatehouse 0123\0bcd", 18))),
        tagged(0x30, attribute(kCommonName, "Gatehouse 0123abcd", 0x1e)),
        std::string("\x30\x80", 2) + good + std::string("\0\0", 2),
        std::string("\x30\x81\x21", 3) + good,              // a length that fits into one byte
        std::string("\x30\x84\xff\xff\xff\xff", 6) + good,  // longer than any
        std::string("\x30\x82", 2),
        "\x30\x7f" + good,
    };
    for (const std::string& der : bad) {
        CAPTURE(der);
        CHECK(serverName(der).empty());
    }
}

TEST_CASE("authority: a subject cut short or changed anywhere is never read beyond its end") {
    const std::string good =
        tagged(0x30, attribute(kOrganisation, "Ana") + attribute(kCommonName, "Gatehouse 0123abcd"));
    REQUIRE_FALSE(serverName(good).empty());
    for (size_t size = 0; size < good.size(); ++size) {
        // A copy of its own, so that a byte too far is seen.
        const std::vector<char> part(good.data(), good.data() + size);
        CHECK(serverNameOf({part.data(), part.size()}).empty());
    }
    for (size_t at = 0; at < good.size(); ++at) {
        for (int value = 0; value < 256; ++value) {
            std::vector<char> changed(good.begin(), good.end());
            changed[at] = static_cast<char>(value);
            const std::string name = serverNameOf({changed.data(), changed.size()});
            CHECK((name.empty() || name.size() == std::string("0123abcd.gatehouse.internal").size()));
        }
    }
}

TEST_CASE("authority: a certificate, whole, cut short, longer, and with any byte changed") {
    const Pki home;
    const std::string der = derOf(home);
    Authority authority;
    std::string error;
    REQUIRE(readAuthority(der, authority, error));
    CHECK(authority.serverName == "0123abcd.gatehouse.internal");
    CHECK(authority.key.size() == 65);
    CHECK(serverName(authority.name) == authority.serverName);
    for (size_t size = 0; size < der.size(); ++size) {
        CHECK_FALSE(readAuthority(der.substr(0, size), authority, error));
    }
    CHECK_FALSE(readAuthority(der + "x", authority, error));
    CHECK_FALSE(readAuthority(der + der, authority, error));
    CHECK_FALSE(readAuthority(der + std::string(Settings::kAuthorityMax, 'x'), authority, error));
    CHECK(error.find("longer than the 1024 bytes") != std::string::npos);
    std::mt19937 random(7);
    for (int turn = 0; turn < 1000; ++turn) {
        std::string changed = der;
        changed[random() % changed.size()] = static_cast<char>(random());
        if (readAuthority(changed, authority, error)) {
            CHECK(authority.serverName.size() == 27);
            CHECK(authority.key.size() == 65);
        }
    }
}

TEST_CASE("authority: PEM with words around it, other line ends, and none at the end") {
    const Pki home;
    const std::string pem = slurp(home.ca());
    const std::string der = derOf(home);
    std::string windows;
    for (const char c : pem) {
        windows += c == '\n' ? "\r\n" : std::string(1, c);
    }
    for (const std::string& text : {"the authority of our home\n\n" + pem + "\nkeep it\n", windows,
                                    pem.substr(0, pem.find_last_not_of('\n') + 1)}) {
        std::string read;
        std::string error;
        CAPTURE(text);
        CHECK(decodePem(text, read, error));
        CHECK(read == der);
    }
    for (const std::string& text :
         {std::string(), std::string("words"), pem.substr(0, pem.size() / 2), pem + pem}) {
        std::string read;
        std::string error;
        CHECK_FALSE(decodePem(text, read, error));
        CHECK_FALSE(error.empty());
    }
}

TEST_CASE("authority: in the settings it is kept, replaced, removed, and never longer than there is room") {
    RamFlash flash;
    const std::string first(Settings::kAuthorityMax, 'a');
    const std::string second(300, 'b');
    char out[Settings::kAuthorityMax];
    size_t size = 0;
    {
        Settings settings(flash);
        REQUIRE(settings.load());
        CHECK_FALSE(settings.secured());
        const size_t used = flash.used;
        CHECK(settings.setAuthority(""_t));
        CHECK(flash.used == used);
        CHECK_FALSE(settings.setAuthority(view(first + "a")));
        CHECK_FALSE(settings.secured());
        CHECK(settings.setAuthority(view(first)));
        CHECK(settings.secured());
        const size_t stored = flash.used;
        CHECK(settings.setAuthority(view(first)));
        CHECK(flash.used == stored);
    }
    {
        Settings settings(flash);
        REQUIRE(settings.load());
        CHECK(settings.secured());
        REQUIRE(settings.authority(out, sizeof out, size));
        CHECK(std::string(out, size) == first);
        // It takes part in changes of sectors, next to everything else.
        for (int turn = 0; turn < 200; ++turn) {
            REQUIRE(settings.setAuthority(view(turn % 2 == 0 ? second : first)));
            REQUIRE(settings.setCredential("relay-1"_t, view(std::string(128, turn % 2 == 0 ? 'x' : 'y'))));
        }
        REQUIRE(settings.authority(out, sizeof out, size));
        CHECK(std::string(out, size) == first);
        CHECK_FALSE(settings.authority(out, sizeof out - 1, size));
        CHECK(settings.setAuthority(""_t));
        CHECK_FALSE(settings.secured());
    }
    Settings settings(flash);
    REQUIRE(settings.load());
    CHECK_FALSE(settings.secured());
    CHECK_FALSE(settings.authority(out, sizeof out, size));
}

TEST_CASE("authority: every failure of TLS is told in words") {
    const auto told = [](int error) { return describeTlsError(error, "0123abcd.gatehouse.internal"); };
    CHECK(told(BR_ERR_TOO_LARGE).find("records longer than the 512 bytes") != std::string::npos);
    CHECK(told(BR_ERR_BAD_MAC).find("changed on the way") != std::string::npos);
    CHECK(told(BR_ERR_BAD_SIGNATURE).find("does not have the key") != std::string::npos);
    CHECK(told(BR_ERR_RECV_FATAL_ALERT + 40).find("alert 40: it has nothing in common") != std::string::npos);
    CHECK(told(BR_ERR_RECV_FATAL_ALERT + 80) == "it refused with TLS alert 80");
}
