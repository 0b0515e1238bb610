// The golden payloads that the gateway's tests read too.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "fakes.hpp"
#include "wire.hpp"

using namespace gatehouse;
using gatehouse::test::str;
using gatehouse::test::view;

namespace {

using Row = std::vector<std::string>;

std::string unescape(const std::string& text) {
    std::string out;
    for (size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            out.push_back(text[at]);
            continue;
        }
        const char kind = text.at(++at);
        if (kind == 'x') {
            out.push_back(static_cast<char>(std::stoi(text.substr(at + 1, 2), nullptr, 16)));
            at += 2;
        } else {
            out.push_back(kind == 't' ? '\t' : '\n');
        }
    }
    return out;
}

std::vector<Row> vectors(const std::string& name) {
    const char* const directory = std::getenv("GATEHOUSE_VECTORS");
    const std::string path =
        std::string(directory == nullptr ? "../tests/vectors" : directory) + "/wire/" + name + ".tsv";
    std::ifstream file(path);
    REQUIRE_MESSAGE(file.is_open(), "cannot read ", path);
    std::vector<Row> rows;
    std::string line;
    while (std::getline(file, line)) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        Row row(1);
        for (const char c : line) {
            if (c == '\t') {
                row.emplace_back();
            } else {
                row.back().push_back(c);
            }
        }
        REQUIRE_MESSAGE((row[0] == "good" || row[0] == "bad"), "verdict in ", path, ": ", line);
        REQUIRE(row.size() >= 2);
        row[1] = unescape(row[1]);
        rows.push_back(row);
    }
    return rows;
}

uint32_t session(const std::string& text) {
    return static_cast<uint32_t>(std::stoul(text, nullptr, 16));
}

uint32_t u32(const std::string& text) {
    return static_cast<uint32_t>(std::stoul(text));
}

wire::CommandId obeyed(const std::string& text) {
    if (text == "-") {
        return {};
    }
    return {session(text.substr(0, 8)), u32(text.substr(9))};
}

/// Parses every row, and for good ones checks the fields both ways.
template <typename Message, typename Check>
void checkAll(const std::string& name, Check check) {
    size_t good = 0;
    size_t bad = 0;
    for (const Row& row : vectors(name)) {
        CAPTURE(row[1]);
        Message message;
        const bool parsed = wire::parse(view(row[1]), message);
        CHECK(parsed == (row[0] == "good"));
        (parsed ? good : bad) += 1;
        if (parsed && row[0] == "good") {
            check(row, message);
        }
    }
    CHECK(good >= 2);
    CHECK(bad >= 5);
}

template <typename Message>
std::string encoded(const Message& message) {
    char buffer[wire::kPayloadMax];
    Writer out(buffer, sizeof buffer);
    wire::encode(message, out);
    return str(out.text());
}

}  // namespace

TEST_CASE("golden commands") {
    checkAll<wire::Command>("command", [](const Row& row, const wire::Command& parsed) {
        CHECK(parsed.id.session == session(row.at(2)));
        CHECK(parsed.id.seq == u32(row.at(3)));
        CHECK(parsed.deadlineMs == std::stoull(row.at(4)));
        CHECK(str(parsed.endpoint) == row.at(5));
        CHECK(str(parsed.value) == row.at(6));
        wire::Command made;
        made.id = {session(row[2]), u32(row[3])};
        made.deadlineMs = std::stoull(row[4]);
        made.endpoint = view(row[5]);
        made.value = view(row[6]);
        CHECK(encoded(made) == row[1]);
    });
}

TEST_CASE("golden reports") {
    checkAll<wire::Report>("report", [](const Row& row, const wire::Report& parsed) {
        CHECK(parsed.session == session(row.at(2)));
        CHECK(parsed.counter == u32(row.at(3)));
        CHECK(parsed.uptimeMs == std::stoull(row.at(4)));
        CHECK(str(parsed.endpoint) == row.at(5));
        CHECK(str(parsed.value) == row.at(6));
        CHECK(str(toText(parsed.cause)) == row.at(7));
        CHECK(parsed.obeyed.session == obeyed(row.at(8)).session);
        CHECK(parsed.obeyed.seq == obeyed(row[8]).seq);
        CHECK(encoded(parsed) == row[1]);
    });
}

TEST_CASE("golden refusals") {
    checkAll<wire::Refusal>("refusal", [](const Row& row, const wire::Refusal& parsed) {
        CHECK(parsed.id.session == session(row.at(2)));
        CHECK(parsed.id.seq == u32(row.at(3)));
        CHECK(parsed.uptimeMs == std::stoull(row.at(4)));
        CHECK(str(parsed.endpoint) == row.at(5));
        CHECK(str(toText(parsed.reason)) == row.at(6));
        CHECK(encoded(parsed) == row[1]);
    });
}

TEST_CASE("golden networks") {
    checkAll<wire::Network>("network", [](const Row& row, const wire::Network& parsed) {
        CHECK(parsed.id.session == session(row.at(2)));
        CHECK(parsed.id.seq == u32(row.at(3)));
        CHECK(parsed.deadlineMs == std::stoull(row.at(4)));
        CHECK(str(parsed.ssid) == row.at(5));
        CHECK(str(parsed.password) == (row.size() > 6 ? row[6] : ""));
        CHECK(encoded(parsed) == row[1]);
    });
}

TEST_CASE("golden outcomes of networks") {
    checkAll<wire::Tried>("tried", [](const Row& row, const wire::Tried& parsed) {
        CHECK(parsed.id.session == session(row.at(2)));
        CHECK(parsed.id.seq == u32(row.at(3)));
        CHECK(parsed.uptimeMs == std::stoull(row.at(4)));
        CHECK(str(parsed.outcome) == row.at(5));
        CHECK(encoded(parsed) == row[1]);
    });
}

TEST_CASE("golden session starts") {
    checkAll<wire::SessionStart>("session", [](const Row& row, const wire::SessionStart& parsed) {
        CHECK(parsed.session == session(row.at(2)));
        CHECK(parsed.uptimeMs == std::stoull(row.at(3)));
        CHECK(encoded(parsed) == row[1]);
    });
}

TEST_CASE("golden credentials") {
    checkAll<wire::Credential>("credential", [](const Row& row, const wire::Credential& parsed) {
        CHECK(parsed.id.session == session(row.at(2)));
        CHECK(parsed.id.seq == u32(row.at(3)));
        CHECK(str(parsed.secret) == row.at(4));
        CHECK(encoded(parsed) == row[1]);
    });
}

TEST_CASE("golden orders to configure have the form of commands") {
    checkAll<wire::Command>("configure", [](const Row& row, const wire::Command& parsed) {
        CHECK(parsed.id.session == session(row.at(2)));
        CHECK(parsed.id.seq == u32(row.at(3)));
        CHECK(parsed.deadlineMs == std::stoull(row.at(4)));
        CHECK(str(parsed.endpoint) == row.at(5));
        CHECK(str(parsed.value) == row.at(6));
        CHECK(encoded(parsed) == row[1]);
    });
}

TEST_CASE("golden answers to them") {
    checkAll<wire::Configured>("configured", [](const Row& row, const wire::Configured& parsed) {
        CHECK(parsed.id.session == session(row.at(2)));
        CHECK(parsed.id.seq == u32(row.at(3)));
        CHECK(parsed.uptimeMs == std::stoull(row.at(4)));
        CHECK(str(parsed.endpoint) == row.at(5));
        CHECK(str(parsed.value) == row.at(6));
        CHECK(encoded(parsed) == row[1]);
    });
}

TEST_CASE("a payload of 161 bytes is not parsed") {
    const std::string value(32, 'v');
    std::string payload = "c0ffee01 1 5000 relay-1/on " + value;
    wire::Command command;
    CHECK(wire::parse(view(payload), command));
    payload = "c0ffee01 1 5000 " + std::string(31, 'n') + "/" + std::string(31, 'p') + " " + value;
    CHECK(wire::parse(view(payload), command));
    payload.append(161 - payload.size(), 'x');
    CHECK_FALSE(wire::parse(view(payload), command));
}

TEST_CASE("parsing reads nothing outside the payload") {
    // Every prefix in a block of its own, so that the sanitizer and valgrind see one byte too far.
    for (const Row& row : vectors("report")) {
        for (size_t size = 0; size <= row[1].size(); ++size) {
            std::vector<char> exact(row[1].begin(), row[1].begin() + static_cast<long>(size));
            wire::Report report;
            wire::parse({exact.data(), exact.size()}, report);
        }
    }
}

TEST_CASE("a writer that overflows yields nothing rather than half a message") {
    char buffer[8];
    Writer out(buffer, sizeof buffer);
    out.put("12345"_t).put("6789"_t);
    CHECK(out.size() == 9);
    CHECK_FALSE(out.fits());
    CHECK(out.text().empty());
}

TEST_CASE("board ids") {
    CHECK(wire::isBoardId("relay-a1b2c3"_t));
    CHECK(wire::isBoardId("a"_t));
    const std::string longest(32, 'a');
    CHECK(wire::isBoardId(view(longest)));
    const std::string tooLong(33, 'a');
    CHECK_FALSE(wire::isBoardId(view(tooLong)));
    for (const Text bad : {""_t, "Relay"_t, "a/b"_t, "a+"_t, "a b"_t, "a_b"_t}) {
        CHECK_FALSE(wire::isBoardId(bad));
    }
}
