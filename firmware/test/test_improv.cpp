// Frames on a line where anything may be in between, and the document that goes through them.
#include <random>

#include "serial.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

const std::vector<std::string> kStates = {"stopped", "", "authorized", "provisioning", "provisioned"};
const std::vector<std::pair<std::string, improv::Error>> kErrors = {
    {"none", improv::Error::None},
    {"invalid-rpc", improv::Error::InvalidRpc},
    {"unknown-rpc", improv::Error::UnknownRpc},
    {"unable-to-connect", improv::Error::UnableToConnect},
    {"not-stored", improv::Error::NotStored},
    {"unknown", improv::Error::Unknown}};

template <typename Write>
std::string written(Write write) {
    char buffer[improv::kFrameMax];
    Writer out(buffer, sizeof buffer);
    write(out);
    return str(out.text());
}

/// A row of frames.tsv as this code writes it.
std::string encoded(const std::vector<std::string>& row) {
    const std::string& kind = row.at(1);
    const std::vector<std::string> fields = split(row.at(2), '|');
    if (kind == "state") {
        for (size_t at = 0; at < kStates.size(); ++at) {
            if (kStates[at] == fields[0]) {
                return written([&](Writer& out) { improv::writeState(out, static_cast<improv::State>(at)); });
            }
        }
    }
    if (kind == "error") {
        for (const auto& [name, error] : kErrors) {
            if (name == fields[0]) {
                return written([&](Writer& out) { improv::writeError(out, error); });
            }
        }
    }
    if (kind == "result") {
        improv::Result result(static_cast<improv::Command>(std::stoi(fields[0])));
        // An empty string at the end is there because of the length 10, or for a home that is none.
        for (size_t at = 1; at < fields.size(); ++at) {
            if (!fields[at].empty() || fields[0] == "178") {
                result.add(view(fields[at]));
            }
        }
        return written([&](Writer& out) { result.write(out); });
    }
    if (kind == "wifi") {
        return networkRpc(fields[0], fields[1]).substr(1);
    }
    if (kind == "handover") {
        return chunkRpc(static_cast<unsigned>(std::stoi(fields[0])), fields[1] == "1", unhex(fields[2]))
            .substr(1);
    }
    const std::vector<std::pair<std::string, int>> commands = {
        {"get-state", 2}, {"get-info", 3}, {"scan", 4}, {"progress", 0xb1}, {"identity", 0xb2}};
    for (const auto& [name, command] : commands) {
        if (name == kind) {
            return rpc(static_cast<uint8_t>(command)).substr(1);
        }
    }
    return "";
}

/// Types and data of all frames in `bytes`, given in blocks of `size`.
std::vector<std::string> found(const std::string& bytes, size_t size) {
    improv::Parser parser;
    std::vector<std::string> out;
    for (size_t at = 0; at < bytes.size(); at += size) {
        // A copy of its own, so that a byte too far is seen.
        const std::string block = bytes.substr(at, size);
        const std::vector<char> own(block.begin(), block.end());
        Text rest(own.data(), own.size());
        while (true) {
            const improv::Parser::Found one = parser.next(rest);
            if (one == improv::Parser::Found::Nothing) {
                break;
            }
            out.push_back(one == improv::Parser::Found::BadChecksum
                              ? "bad checksum"
                              : std::to_string(parser.type()) + ":" + str(parser.data()));
        }
    }
    return out;
}

}  // namespace

TEST_CASE("improv: the golden frames, written and read") {
    for (const std::vector<std::string>& row : rows("frames.tsv")) {
        CAPTURE(row.at(1) + " " + row.at(2));
        const std::string frame = unhex(row.at(3));
        if (row.at(1) != "result-with-esphome's-zero") {
            CHECK(encoded(row) == frame);
        }
        const std::vector<std::string> read = found(frame, frame.size());
        REQUIRE(read.size() == 1);
        CHECK(read[0] ==
              std::to_string(static_cast<uint8_t>(frame[7])) + ":" + frame.substr(9, frame.size() - 11));
    }
}

TEST_CASE("improv: a result never has the length 10") {
    for (size_t size = 0; size < 20; ++size) {
        improv::Result result(improv::Command::Progress);
        const std::string text(size, 'x');
        result.add(view(text));
        const std::string frame = written([&](Writer& out) { result.write(out); });
        CHECK(frame.at(8) != 10);
        CHECK(framesOf(frame) == Frames{"result 177|" + text + (size == 7 ? "|" : "")});
    }
    improv::Result tooLong(improv::Command::Progress);
    tooLong.add(view(std::string(improv::kDataMax, 'x')));
    CHECK(framesOf(written([&](Writer& out) { tooLong.write(out); })) == Frames{"result 177"});
}

TEST_CASE("improv: frames split and merged at every byte, with noise before, between and behind") {
    std::string stream;
    std::vector<std::string> expected;
    for (const std::vector<std::string>& row : rows("frames.tsv")) {
        const std::string frame = unhex(row.at(3));
        stream += noise() + "\n" + frame;
        expected.push_back(std::to_string(static_cast<uint8_t>(frame[7])) + ":" +
                           frame.substr(9, frame.size() - 11));
    }
    stream += noise();
    for (size_t size = 1; size < 600; ++size) {
        CHECK(found(stream, size) == expected);
    }
    CHECK(found(stream, stream.size()) == expected);
    // Split once, at every byte.
    const std::string two = noise() + rpc(2) + rpc(3);
    for (size_t at = 0; at <= two.size(); ++at) {
        improv::Parser parser;
        unsigned frames = 0;
        for (Text part : {view(two).first(at), view(two).from(at)}) {
            while (parser.next(part) == improv::Parser::Found::Frame) {
                ++frames;
            }
        }
        CHECK(frames == 2);
    }
}

TEST_CASE("improv: what is no frame") {
    const std::string good = rpc(2).substr(1);
    for (size_t at = 0; at < good.size() - 1; ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string changed = good;
            changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
            CAPTURE(at);
            for (const std::string& read : found(changed, changed.size())) {
                CHECK(read == "bad checksum");
            }
        }
    }
    // The byte that does not fit begins another frame.
    CHECK(found("I" + good, 99).size() == 1);
    CHECK(found("IMPROVI" + good.substr(1), 99).size() == 1);
    CHECK(found(good.substr(0, good.size() - 2) + good, 99) ==
          std::vector<std::string>{"bad checksum", "3:\x02" + std::string(1, '\0')});
    // Longer than a board takes, and just as long.
    for (const size_t size : {improv::kDataMax, improv::kDataMax + 1}) {
        const std::string data(size, 'x');
        std::string frame = "IMPROV\x01\x03" + std::string(1, static_cast<char>(size)) + data;
        uint8_t sum = 0;
        for (const char c : frame) {
            sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(c));
        }
        frame += static_cast<char>(sum);
        CHECK(found(frame + "\n" + good, 7).size() == (size > improv::kDataMax ? 1 : 2));
    }
}

TEST_CASE("improv: chance never leads astray") {
    std::mt19937 random(20261126);
    const std::string alphabet("IMPROV\x01\x03\x02\x00\xe5\n", 12);
    for (int turn = 0; turn < 5000; ++turn) {
        std::string bytes;
        const size_t size = random() % 300;
        const bool close = turn % 2 == 0;
        for (size_t at = 0; at < size; ++at) {
            bytes.push_back(close ? alphabet[random() % alphabet.size()] : static_cast<char>(random()));
        }
        const std::vector<std::string> whole = found(bytes, bytes.size() + 1);
        CHECK(whole == found(bytes, 1 + random() % 20));
        // Whatever came before: after so many line feeds as a frame can swallow, the next is found.
        const std::vector<std::string> then =
            found(bytes + std::string(improv::kFrameMax, '\n') + rpc(3), 50);
        CHECK(then.back() == "3:\x03" + std::string(1, '\0'));
    }
}

TEST_CASE("handover: the golden documents") {
    for (const std::vector<std::string>& row : rows("handover.tsv")) {
        const std::string bytes = unhex(row.at(6));
        Handover handover;
        REQUIRE(parse(view(bytes), handover));
        CHECK(str(handover.id) == row.at(0));
        CHECK(str(handover.secret) == row.at(1));
        CHECK(str(handover.host) == row.at(2));
        CHECK(std::to_string(handover.port) == row.at(3));
        CHECK(str(handover.authority) == unhex(row.at(4)));
        CHECK(handover.time == (row.at(5).empty() ? 0 : std::stoull(row.at(5))));
        if (row.at(5).empty()) {
            CHECK(document(row.at(0), row.at(1), row.at(2), static_cast<uint16_t>(std::stoi(row.at(3))),
                           unhex(row.at(4))) == bytes);
        }
        for (size_t size = 0; size < bytes.size(); ++size) {
            const std::vector<char> part(bytes.data(), bytes.data() + size);
            CHECK_FALSE(parse(Text(part.data(), size), handover));
        }
        for (size_t at = 0; at < bytes.size() * 8; ++at) {
            std::string changed = bytes;
            changed[at / 8] = static_cast<char>(changed[at / 8] ^ (1 << (at % 8)));
            CHECK_FALSE(parse(view(changed), handover));
        }
    }
    for (const std::vector<std::string>& row : rows("handover_invalid.tsv")) {
        CAPTURE(row.at(0));
        Handover handover;
        CHECK_FALSE(parse(view(unhex(row.at(1))), handover));
    }
}

TEST_CASE("handover: fields of any shape, with a checksum that fits") {
    std::mt19937 random(7);
    unsigned good = 0;
    for (int turn = 0; turn < 10000; ++turn) {
        std::string fields;
        const std::vector<std::string> parts = {
            field(1, lengthed("a") + std::string(random() % 140, 'x')),
            field(2, littleEndian(random() % 3, 2) + std::string(random() % 140, 'h')),
            field(6, std::string(random() % 1100, 'a')), field(16, std::string(6 + random() % 4, 't')),
            field(static_cast<uint8_t>(random()), "other")};
        for (int count = 0; count < 4; ++count) {
            fields += parts[turn % 3 == 0 ? random() % parts.size() : static_cast<size_t>(count)];
        }
        if (turn % 5 == 0) {
            fields[random() % fields.size()] = static_cast<char>(random());
        }
        const std::string bytes = sealed(fields);
        const std::vector<char> own(bytes.begin(), bytes.end());
        Handover handover;
        if (parse(Text(own.data(), own.size()), handover)) {
            ++good;
            CHECK(handover.port != 0);
            CHECK((handover.secret.size >= 1 && handover.secret.size <= 128));
            CHECK((handover.host.size >= 1 && handover.host.size <= 128));
            CHECK(handover.authority.size <= 1024);
            CHECK(bytes.size() <= Handover::kDocumentMax);
        }
    }
    CHECK(good > 500);
}

TEST_CASE("handover: chunks in order, again, out of order, and too many") {
    HandoverIntake intake;
    using Taken = HandoverIntake::Taken;
    const auto take = [&](uint8_t number, bool last, const std::string& bytes) {
        improv::Chunk chunk;
        chunk.number = number;
        chunk.last = last;
        chunk.bytes = view(bytes);
        return intake.take(chunk);
    };
    CHECK(take(1, false, "b") == Taken::Refused);
    CHECK(take(0, false, "a") == Taken::More);
    CHECK(intake.expected() == 1);
    CHECK(take(1, false, "b") == Taken::More);
    CHECK(take(1, false, "b") == Taken::More);
    CHECK(intake.expected() == 2);
    CHECK(take(3, false, "d") == Taken::Refused);
    CHECK(take(2, true, "c") == Taken::Whole);
    CHECK(str(intake.document()) == "abc");
    CHECK(take(2, true, "c") == Taken::WholeAgain);
    CHECK(take(3, true, "d") == Taken::Refused);
    CHECK(take(1, false, "b") == Taken::Refused);
    CHECK(take(0, false, "x") == Taken::More);
    CHECK(take(1, true, "y") == Taken::Whole);
    CHECK(str(intake.document()) == "xy");
    // Just as many bytes as there may be, and one more.
    const std::string block(128, 'x');
    for (unsigned number = 0; number < 12; ++number) {
        CHECK(take(static_cast<uint8_t>(number), false, block) == Taken::More);
    }
    CHECK(take(12, true, "x") == Taken::Refused);
    CHECK(take(13, true, "x") == Taken::Refused);
    // Numbers end at 255.
    for (unsigned number = 0; number < 256; ++number) {
        CHECK(take(static_cast<uint8_t>(number), false, "x") == Taken::More);
    }
    CHECK(intake.expected() == 256);
}
