#include "authority.hpp"

#include <bearssl.h>

#include <algorithm>
#include <cctype>

#include "settings.hpp"

namespace gatehouse::host {
namespace {

constexpr uint8_t kSequence = 0x30;
constexpr uint8_t kSet = 0x31;
constexpr uint8_t kObjectId = 0x06;
constexpr uint8_t kUtf8String = 0x0c;
constexpr uint8_t kPrintableString = 0x13;
/// id-at-commonName, 2.5.4.3.
constexpr Text kCommonName = "\x55\x04\x03"_t;
constexpr Text kPrefix = "Gatehouse "_t;
constexpr size_t kDigits = 8;

/// Takes one element off the front of `in`: lengths up to 65535, encoded as DER wants them.
bool takeElement(Text& in, uint8_t& tag, Text& content) {
    const auto byte = [&in](size_t at) { return static_cast<uint8_t>(in[at]); };
    if (in.size < 2) {
        return false;
    }
    size_t header = 2;
    size_t length = byte(1);
    if (length > 0x80) {
        const size_t count = length - 0x80;
        header += count;
        if (count > 2 || in.size < header) {
            return false;
        }
        length = count == 1 ? byte(2) : static_cast<size_t>(byte(2)) << 8 | byte(3);
        if (length < (count == 1 ? 0x80U : 0x100U)) {
            return false;
        }
    } else if (length == 0x80) {
        return false;  // until an end mark: not in DER
    }
    if (in.size - header < length) {
        return false;
    }
    tag = byte(0);
    content = in.from(header).first(length);
    in = in.from(header + length);
    return true;
}

bool take(Text& in, uint8_t wanted, Text& content) {
    uint8_t tag = 0;
    return takeElement(in, tag, content) && tag == wanted;
}

void append(void* out, const void* bytes, size_t size) {
    static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
}

bool isP256Point(const br_ec_public_key& key) {
    return key.curve == BR_EC_secp256r1 && key.qlen == 65 && key.q[0] == 4;
}

}  // namespace

std::string serverNameOf(Text name) {
    Text sets;
    if (!take(name, kSequence, sets) || !name.empty()) {
        return "";
    }
    std::string found;
    while (!sets.empty()) {
        Text set;
        if (!take(sets, kSet, set)) {
            return "";
        }
        while (!set.empty()) {
            Text attribute;
            Text kind;
            Text value;
            uint8_t tag = 0;
            if (!take(set, kSequence, attribute) || !take(attribute, kObjectId, kind) ||
                !takeElement(attribute, tag, value) || !attribute.empty()) {
                return "";
            }
            if (kind != kCommonName) {
                continue;
            }
            const bool text = tag == kUtf8String || tag == kPrintableString;
            if (!text || !found.empty() || !value.startsWith(kPrefix) ||
                value.size != kPrefix.size + kDigits) {
                return "";
            }
            for (size_t at = kPrefix.size; at < value.size; ++at) {
                const auto c = static_cast<unsigned char>(value[at]);
                if (c > 0x7f || std::isalnum(c) == 0) {
                    return "";
                }
                found.push_back(static_cast<char>(std::tolower(c)));
            }
        }
    }
    return found.empty() ? "" : found + ".gatehouse.internal";
}

bool decodePem(const std::string& pem, std::string& der, std::string& error) {
    // The decoder wants lines that end in a line feed, the last one too.
    std::string text = pem + "\n";
    text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
    br_pem_decoder_context decoder;
    br_pem_decoder_init(&decoder);
    der.clear();
    bool whole = false;
    for (size_t at = 0; at < text.size();) {
        at += br_pem_decoder_push(&decoder, text.data() + at, text.size() - at);
        switch (br_pem_decoder_event(&decoder)) {
            case BR_PEM_BEGIN_OBJ:
                if (whole || std::string(br_pem_decoder_name(&decoder)) != "CERTIFICATE") {
                    error = "it holds more than a certificate";
                    return false;
                }
                br_pem_decoder_setdest(&decoder, append, &der);
                break;
            case BR_PEM_END_OBJ:
                whole = true;
                break;
            case BR_PEM_ERROR:
                error = "its PEM text is damaged";
                return false;
            default:
                break;
        }
    }
    if (!whole) {
        error = "it holds no whole certificate in PEM form";
    }
    return whole;
}

bool readAuthority(const std::string& der, Authority& out, std::string& error) {
    if (der.size() > Settings::kAuthorityMax) {
        error = "the certificate is longer than the " + std::to_string(Settings::kAuthorityMax) +
                " bytes a board has room for";
        return false;
    }
    Text rest = {der.data(), der.size()};
    Text certificate;
    const bool whole = take(rest, kSequence, certificate) && rest.empty();
    br_x509_decoder_context decoder;
    out = Authority();
    br_x509_decoder_init(&decoder, append, &out.name);
    br_x509_decoder_push(&decoder, der.data(), der.size());
    const br_x509_pkey* const key = br_x509_decoder_get_pkey(&decoder);
    if (!whole || key == nullptr) {
        error = "the certificate is damaged";
        return false;
    }
    if (key->key_type != BR_KEYTYPE_EC || !isP256Point(key->key.ec)) {
        error = "the key of the certificate is not P-256";
        return false;
    }
    out.key.assign(reinterpret_cast<const char*>(key->key.ec.q), key->key.ec.qlen);
    if (br_x509_decoder_isCA(&decoder) == 0) {
        error = "it is the certificate of a server, not of an authority";
        return false;
    }
    out.serverName = serverNameOf({out.name.data(), out.name.size()});
    if (out.serverName.empty()) {
        error = "it is the authority of no home: those are called \"Gatehouse\" and eight digits or letters";
        return false;
    }
    return true;
}

}  // namespace gatehouse::host
