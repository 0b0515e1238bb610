// What a gateway hands over to a board by its serial port: where it is, by what it is known, and a
// credential.
#pragma once

#include "improv.hpp"
#include "text.hpp"

namespace gatehouse {

/// The document, read. All texts point into its bytes.
struct Handover {
    static constexpr size_t kDocumentMax = 1536;

    Text id;
    Text secret;
    Text host;
    uint16_t port = 0;
    /// DER; empty for none, and plain TCP.
    Text authority;
    /// Seconds since 1970; 0 when the gateway does not trust its clock.
    uint64_t time = 0;
};

/// False for every document that gateway/wire/PROVISIONING.md does not allow; `out` is then unspecified.
bool parse(Text document, Handover& out);

/// Puts the chunks of a document together.
class HandoverIntake {
  public:
    enum class Taken : uint8_t {
        /// It waits for chunk `expected`.
        More,
        /// The whole document is in `document` now.
        Whole,
        /// The last chunk of a document that was already whole came again: it is whole still.
        WholeAgain,
        /// Out of order, or longer than a document may be.
        Refused,
    };

    Taken take(const improv::Chunk& chunk);
    unsigned expected() const { return expected_; }
    /// Until the next chunk.
    Text document() const { return {bytes_, size_}; }
    /// Nothing has come.
    void reset() {
        expected_ = 0;
        size_ = 0;
        whole_ = false;
    }

  private:
    unsigned expected_ = 0;
    size_t size_ = 0;
    bool whole_ = false;
    char bytes_[Handover::kDocumentMax] = {};
};

}  // namespace gatehouse
