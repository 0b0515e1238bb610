// The home's certificate authority, as a board holds it.
#pragma once

#include <string>

#include "text.hpp"

namespace gatehouse::host {

/// All of the authority's certificate that TLS needs. Whatever else it says is for clients that read it: what
/// is installed here is trusted as it is.
struct Authority {
    /// The subject, DER.
    std::string name;
    /// The P-256 key: an uncompressed point.
    std::string key;
    /// The one name a gateway of this home is called, whatever its address: `<digits>.gatehouse.internal`.
    std::string serverName;
};

/// Takes the one certificate out of a PEM file. On a mistake `error` gets what is wrong and false is
/// returned.
bool decodePem(const std::string& pem, std::string& der, std::string& error);

/// Reads the certificate of an authority: P-256, allowed to sign, called `Gatehouse` and eight digits or
/// letters, at most Settings::kAuthorityMax bytes long. On a mistake `error` gets what is wrong and false is
/// returned.
bool readAuthority(const std::string& der, Authority& out, std::string& error);

/// The server name of the home whose authority has the subject `name`; empty when it is no such authority's.
std::string serverNameOf(Text name);

}  // namespace gatehouse::host
