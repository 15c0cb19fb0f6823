#!/usr/bin/python3
"""Makes vectors.json: hashes that other implementations made, for the tests of this package.

It needs Debian 12's python3-passlib, python3-django, python3-werkzeug, python3-bcrypt, python3-argon2, php-cli,
apache2-utils, openssl and nodejs, and crypt(3) of libxcrypt, which Python's crypt module calls. Salts are fixed where
the tool takes one, so that a second run changes few lines. Run it in this folder:

    ./make_vectors.py > vectors.json
"""
import base64, hashlib, hmac, json, random, subprocess, sys, warnings

warnings.filterwarnings("ignore")
import argon2, bcrypt, crypt, django
from django.conf import settings
from passlib import hash as passlib

settings.configure(PASSWORD_HASHERS=[])
django.setup()
from django.contrib.auth import hashers as djangohash
from werkzeug.security import generate_password_hash

PASSWORDS = ["landscape-Pa55", "pässwörd-Grüße 北京 ☃", "x", "a password of more than sixty-four bytes, which is the block of SHA-256 and others"]
SALT16 = b"0123456789abcdef"
vectors, state = [], [0]


def password():
    state[0] += 1
    return PASSWORDS[state[0] % len(PASSWORDS)]


def add(format, by, make):
    text = password()
    vectors.append({"format": format, "hash": make(text), "password": text, "by": by})


def add_short(format, by, make):
    """for bcrypt and others that do not read long passwords"""
    state[0] += 1
    text = PASSWORDS[state[0] % 3]
    vectors.append({"format": format, "hash": make(text), "password": text, "by": by})


def b64(raw, padded=True, url=False, dot=False):
    text = (base64.urlsafe_b64encode(raw) if url else base64.b64encode(raw)).decode()
    if dot:
        text = text.replace("+", ".")
    return text if padded else text.rstrip("=")


def php(code, *arguments):
    return subprocess.run(["php", "-r", code, "--", *arguments], capture_output=True, check=True).stdout.decode()


def node(code, *arguments):
    return subprocess.run(["node", "-e", code, *arguments], capture_output=True, check=True).stdout.decode()


LIBXCRYPT = "crypt(3) of libxcrypt, by Python's crypt module"
HASHLIB = "Python's hashlib"

# crypt(3)
for setting, format in [("$1$01234567", "md5-crypt"), ("$1$", "md5-crypt"), ("$5$0123456789abcdef", "sha256-crypt"), ("$5$rounds=1234$a", "sha256-crypt"),
                        ("$6$0123456789abcdef", "sha512-crypt"), ("$6$rounds=4321$b", "sha512-crypt"), ("$6$", "sha512-crypt")]:
    for _ in PASSWORDS:
        add(format, LIBXCRYPT, lambda t: crypt.crypt(t, setting))
for minor in ["$2a$", "$2b$", "$2y$"]:
    for _ in range(3):
        add_short("bcrypt", LIBXCRYPT, lambda t: crypt.crypt(t, minor + "05$abcdefghijklmnopqrstuu"))
# yescrypt: the flavour j, log2 N and r, then p (1), t (2) or both (3); N from 2^4 to 2^14, r from 1 to 100.
for setting in ["$y$j75$abcdefgh", "$y$j85$", "$y$j9T$..", "$y$jA5$abcd", "$y$jB5$abcdefgh",
                "$y$j2.$abcd", "$y$j3/$abcd", "$y$j4r/$abcd", "$y$j8T..$abcdefgh", "$y$j8T./$abcdefgh", "$y$j8T/.$abcdefgh", "$y$j8T//$abcdefgh",
                "$y$j8T0..$abcdefgh", "$y$j8T/1$abcdefgh", "$y$j8T.1$abcdefgh", "$y$j7k1$abcd", "$y$j9T..$abcd"]:
    made = crypt.crypt(PASSWORDS[0], setting)
    if made is None or made.startswith("*"):
        print("crypt(3) refuses", setting, file=sys.stderr)
        continue
    add("yescrypt", LIBXCRYPT, lambda t: crypt.crypt(t, setting))
for setting in ["$7$CU..../....abcdefgh", "$7$5/..../....abcd", "$7$86..../....0123456789", "$7$60....0....abcd"]:
    add("crypt-scrypt", LIBXCRYPT, lambda t: crypt.crypt(t, setting))
add("apr1", "openssl passwd -apr1", lambda t: subprocess.run(["openssl", "passwd", "-apr1", "-salt", "01234567", "-stdin"], input=t.encode(), capture_output=True, check=True).stdout.decode().strip())
add("apr1", "htpasswd -m of Apache", lambda t: subprocess.run(["htpasswd", "-nbm", "u", t], capture_output=True, check=True).stdout.decode().strip()[2:])

# argon2 of the reference library
for kind, format in [(argon2.Type.ID, "argon2id"), (argon2.Type.I, "argon2i")]:
    for memory, passes, lanes, length in [(64, 3, 1, 32), (128, 1, 2, 16), (1024, 2, 4, 64), (8, 12, 1, 32), (8, 1, 1, 100)]:
        add(format, "python3-argon2", lambda t: argon2.low_level.hash_secret(t.encode(), SALT16, passes, memory, lanes, length, kind).decode())
    plain = argon2.low_level.hash_secret(PASSWORDS[0].encode(), SALT16, 2, 64, 1, 32, kind).decode()
    salt, key = plain.split("$")[4:]
    padded = plain.replace(salt, salt + "==").replace(key, key + "=")
    for form in [padded, plain]:
        vectors.append({"format": format, "hash": form, "password": PASSWORDS[0], "by": "python3-argon2, padded or not"})
add("argon2i", "PHP's password_hash", lambda t: php("echo password_hash($argv[1], PASSWORD_ARGON2I, ['memory_cost'=>1024,'time_cost'=>1]);", t))
add("argon2id", "PHP's password_hash", lambda t: php("echo password_hash($argv[1], PASSWORD_ARGON2ID, ['memory_cost'=>1024,'time_cost'=>1]);", t))

# PBKDF2
for name in ["sha1", "sha224", "sha256", "sha384", "sha512"]:
    for length in [16, 32, 20, 200, 512]:
        for padded in [True, False]:
            add("pbkdf2", HASHLIB, lambda t: f"$pbkdf2-{name}$i=1000,l={length}$" + b64(SALT16, padded) + "$" + b64(hashlib.pbkdf2_hmac(name, t.encode(), SALT16, 1000, length), padded))
    for url in [True, False]:
        add("pbkdf2", HASHLIB + ", URL alphabet or not", lambda t: f"$pbkdf2-{name}$i=1,l=32$" + b64(b"\xfb\xff\xfe" * 6, True, url) + "$" + b64(hashlib.pbkdf2_hmac(name, t.encode(), b"\xfb\xff\xfe" * 6, 1, 32), True, url))


def pbkdf2_any(name, text, salt, iterations, size):
    mac = lambda data: hmac.new(text, data, name).digest()
    u = mac(salt + b"\0\0\0\1")
    t = int.from_bytes(u, "big")
    for _ in range(iterations - 1):
        u = mac(u)
        t ^= int.from_bytes(u, "big")
    return t.to_bytes(size, "big")


for name, as_named, size in [("sha3_224", "sha224", 28), ("sha3_384", "sha384", 48)]:
    add("pbkdf2", HASHLIB + " and hmac: SHA-3 under the name of SHA-2", lambda t: f"$pbkdf2-{as_named}$i=100,l={size}$" + b64(SALT16, False) + "$" + b64(pbkdf2_any(name, t.encode(), SALT16, 100, size), False))
for hasher, format in [(passlib.pbkdf2_sha1, "pbkdf2"), (passlib.pbkdf2_sha256, "pbkdf2"), (passlib.pbkdf2_sha512, "pbkdf2"),
                       (passlib.ldap_pbkdf2_sha1, "directory-pbkdf2"), (passlib.ldap_pbkdf2_sha256, "directory-pbkdf2"), (passlib.ldap_pbkdf2_sha512, "directory-pbkdf2")]:
    for _ in range(3):
        add(format, "passlib 1.7.4", lambda t: hasher.using(rounds=1000, salt=b"\xfb\xff\xfe\x3e" * 4).hash(t))
add("directory-pbkdf2", "passlib 1.7.4, scheme in lower case", lambda t: passlib.ldap_pbkdf2_sha256.using(rounds=1000).hash(t).replace("{PBKDF2-SHA256}", "{pbkdf2-sha256}"))
add("directory-pbkdf2", HASHLIB + " in Dovecot's layout", lambda t: "{PBKDF2}$1$abcdefgh$1000$" + hashlib.pbkdf2_hmac("sha1", t.encode(), b"abcdefgh", 1000, 20).hex())
add("atlassian", "passlib 1.7.4", lambda t: passlib.atlassian_pbkdf2_sha1.using(salt=SALT16).hash(t))
for name in ["pbkdf2_sha256", "pbkdf2_sha1"]:
    hasher = {"pbkdf2_sha256": djangohash.PBKDF2PasswordHasher, "pbkdf2_sha1": djangohash.PBKDF2SHA1PasswordHasher}[name]()
    for _ in range(2):
        add("django-pbkdf2", "Django 3.2", lambda t: hasher.encode(t, "seasalt", 1000))
add("django-pbkdf2", "passlib-like: Django's layout by " + HASHLIB, lambda t: "pbkdf2_sha512$1000$seasalt$" + b64(hashlib.pbkdf2_hmac("sha512", t.encode(), b"seasalt", 1000, 64)))
for name in ["sha1", "sha224", "sha256", "sha384", "sha512", "md5"]:
    add("werkzeug-pbkdf2", "Werkzeug 2.2", lambda t: generate_password_hash(t, f"pbkdf2:{name}:1000", 16))
    add("mediawiki-pbkdf2", "PHP's hash_pbkdf2 in MediaWiki's layout",
        lambda t: f":pbkdf2:{name}:1000:64:" + php("echo base64_encode('0123456789abcdef').':'.base64_encode(hash_pbkdf2($argv[1],$argv[2],'0123456789abcdef',1000,64,true));", name, t))
for _ in range(2):
    add("spring-pbkdf2", HASHLIB + " in Spring Security's layout", lambda t: "{pbkdf2@SpringSecurity_v5_8}" + (SALT16 + hashlib.pbkdf2_hmac("sha256", t.encode(), SALT16, 310000, 32)).hex())
add("spring-pbkdf2", HASHLIB + " in Spring Security's layout", lambda t: "{pbkdf2}" + (SALT16[:8] + hashlib.pbkdf2_hmac("sha1", t.encode(), SALT16[:8], 185000, 32)).hex().upper())
for version, prefix, sizes in [(0, b"", (16, 32))]:
    add("aspnet-identity", HASHLIB + " in the layout of version 2", lambda t: b64(b"\0" + SALT16 + hashlib.pbkdf2_hmac("sha1", t.encode(), SALT16, 1000, 32)))
    add("aspnet-identity", HASHLIB + " in the layout of version 2, not padded", lambda t: b64(b"\0" + SALT16 + hashlib.pbkdf2_hmac("sha1", t.encode(), SALT16, 1000, 32), False))
for number, name in [(0, "sha1"), (1, "sha256"), (2, "sha512")]:
    for salt, length in [(SALT16, 32), (SALT16 * 2, 64)]:
        add("aspnet-identity", HASHLIB + " in the layout of version 3", lambda t: b64(b"\1" + number.to_bytes(4, "big") + (1000).to_bytes(4, "big") + len(salt).to_bytes(4, "big") + salt + hashlib.pbkdf2_hmac(name, t.encode(), salt, 1000, length)))


# scrypt
def scrypt(text, salt, n, r, p, length):
    return hashlib.scrypt(text.encode(), salt=salt, n=n, r=r, p=p, maxmem=1 << 30, dklen=length)


for log, r, p, length in [(4, 8, 1, 32), (10, 8, 1, 64), (14, 16, 1, 64), (16, 8, 1, 32), (1, 1, 1, 16), (2, 8, 2, 33), (8, 1, 3, 200), (17, 2, 1, 32), (5, 8, 1, 32), (3, 8, 1, 32)]:
    for padded in [True, False] if log < 14 else [log == 16]:
        add("scrypt", HASHLIB + ", ln is log2 N", lambda t: f"$scrypt$ln={log},r={r},p={p}$" + b64(SALT16, padded) + "$" + b64(scrypt(t, SALT16, 1 << log, r, p, length), padded))
        add("scrypt", HASHLIB + ", ln is N", lambda t: f"$scrypt$ln={1 << log},r={r},p={p}$" + b64(SALT16, padded) + "$" + b64(scrypt(t, SALT16, 1 << log, r, p, length), padded))
add("scrypt", HASHLIB + ", ln is N, no padding needed", lambda t: "$scrypt$ln=16,r=8,p=1$" + b64(SALT16[:15]) + "$" + b64(scrypt(t, SALT16[:15], 16, 8, 1, 48)))
add("scrypt", HASHLIB + ", ln is log2 N, no padding needed", lambda t: "$scrypt$ln=16,r=8,p=1$" + b64(SALT16[:15]) + "$" + b64(scrypt(t, SALT16[:15], 1 << 16, 8, 1, 48)))
add("scrypt", "passlib 1.7.4", lambda t: passlib.scrypt.using(rounds=6).hash(t))
add("scrypt", "Node's crypto.scryptSync", lambda t: "$scrypt$ln=10,r=8,p=1$" + node("const c=require('crypto');const b=x=>x.toString('base64');const s=Buffer.from('0123456789abcdef');console.log(b(s)+'$'+b(c.scryptSync(process.argv[1],s,64,{N:1024,r:8,p:1})))", t).strip())
for _ in range(2):
    add("django-scrypt", HASHLIB + " in Django's layout", lambda t: "scrypt$1024$seasalt$8$1$" + b64(scrypt(t, b"seasalt", 1024, 8, 1, 64)))
    add("werkzeug-scrypt", HASHLIB + " in Werkzeug's layout", lambda t: "scrypt:1024:8:1$seasalt$" + scrypt(t, b"seasalt", 1024, 8, 1, 64).hex())
add("spring-scrypt", HASHLIB + " in Spring Security's layout", lambda t: "{scrypt@SpringSecurity_v5_8}$100801$" + b64(SALT16) + "$" + b64(scrypt(t, SALT16, 65536, 8, 1, 32)))
add("spring-scrypt", HASHLIB + " in Spring Security's layout", lambda t: "{scrypt}$e0801$" + b64(SALT16 * 4) + "$" + b64(scrypt(t, SALT16 * 4, 16384, 8, 1, 32)))
add("spring-scrypt", HASHLIB + " in the layout of Java's scrypt library", lambda t: "$s0$e0801$" + b64(SALT16) + "$" + b64(scrypt(t, SALT16, 16384, 8, 1, 32)))


# Firebase, by its description and OpenSSL: scrypt, then AES-256-CTR of the signer key
def firebase(text, salt, separator, signer, log, rounds):
    key = scrypt(text, salt + separator, 1 << log, rounds, 1, 32)
    return subprocess.run(["openssl", "enc", "-aes-256-ctr", "-K", key.hex(), "-iv", "0" * 32], input=signer, capture_output=True, check=True).stdout


SIGNER = bytes(range(191, 255))
for url in [False, True]:
    for padded in [False, True]:
        e = lambda raw: b64(raw, padded, url)
        add("firebase-scrypt", "hashlib.scrypt and openssl enc", lambda t: "$firescrypt$ln=10,r=8,p=1$" + e(b"\xfb\xff\xfe\x01") + "$" + e(firebase(t, b"\xfb\xff\xfe\x01", b"\x07", SIGNER, 10, 8)) + "$" + e(b"\x07") + "$" + e(SIGNER))
        add("firebase-scrypt", "hashlib.scrypt and openssl enc", lambda t: "$fbscrypt$v=1,n=10,r=8,p=1,ss=" + e(b"\x07") + ",sk=" + e(SIGNER) + "$" + e(b"\xfb\xff\xfe\x01") + "$" + e(firebase(t, b"\xfb\xff\xfe\x01", b"\x07", SIGNER, 10, 8)))
add("firebase-scrypt", "hashlib.scrypt and openssl enc, no separator", lambda t: "$fbscrypt$v=1,n=10,r=8,p=1,sk=" + b64(SIGNER) + "$" + b64(SALT16) + "$" + b64(firebase(t, SALT16, b"", SIGNER, 10, 8)))

# Portable PHP hashes and Drupal
for ident in ["P", "H"]:
    for rounds in [7, 8, 13]:
        add("phpass", "passlib 1.7.4", lambda t: passlib.phpass.using(rounds=rounds, ident=ident, salt="01234567").hash(t))
ITOA = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def drupal(text, log):
    raw = text.encode()
    digest = hashlib.sha512(b"01234567" + raw).digest()
    for _ in range(1 << log):
        digest = hashlib.sha512(digest + raw).digest()
    bits = int.from_bytes(digest, "little")
    encoded = "".join(ITOA[bits >> 6 * n & 63] for n in range(86))
    return ("$S$" + ITOA[log] + "01234567" + encoded)[:55]


for log in [7, 9, 15]:
    add("drupal", HASHLIB + ", by the description of Drupal's algorithm", lambda t: drupal(t, log))
    vectors.append({"format": "drupal", "hash": "U" + drupal(hashlib.md5(PASSWORDS[1].encode()).hexdigest(), log), "password": PASSWORDS[1], "by": HASHLIB + ", by the description of Drupal's algorithm"})
vectors.append({"format": "phpass", "hash": "U" + passlib.phpass.using(rounds=9).hash(hashlib.md5(PASSWORDS[0].encode()).hexdigest()), "password": PASSWORDS[0], "by": "passlib 1.7.4 over an MD5"})
for text in [PASSWORDS[0], PASSWORDS[1], "  spaces at both ends\t", "0" * 100]:
    vectors.append({"format": "bcrypt", "password": text, "by": "PHP's password_hash, as WordPress 6.8 calls it",
                    "hash": "$wp" + php("echo password_hash(base64_encode(hash_hmac('sha384', trim($argv[1]), 'wp-sha384', true)), PASSWORD_BCRYPT, ['cost'=>5]);", text)})

# Digests
DIRECTORY = {"MD5": "md5", "SHA": "sha1", "SHA1": "sha1", "SHA224": "sha224", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
for scheme, name in DIRECTORY.items():
    for case in [str.upper, str.lower, str.title]:
        for padded in [True, False]:
            add("directory", HASHLIB, lambda t: "{" + case(scheme) + "}" + b64(hashlib.new(name, t.encode()).digest(), padded))
            for salt in [b"0123", SALT16]:
                add("directory", HASHLIB, lambda t: "{" + case("S" + scheme) + "}" + b64(hashlib.new(name, t.encode() + salt).digest() + salt, padded))
    add("directory", HASHLIB, lambda t: "{" + scheme + ".HEX}" + hashlib.new(name, t.encode()).hexdigest())
    add("directory", HASHLIB, lambda t: "{S" + scheme + ".b64}" + b64(hashlib.new(name, t.encode() + b"salt").digest() + b"salt"))
add("directory", HASHLIB, lambda t: "{PLAIN-MD5}" + hashlib.md5(t.encode()).hexdigest())
add("directory", HASHLIB, lambda t: "{LDAP-MD5}" + b64(hashlib.md5(t.encode()).digest()))
for hasher in [passlib.ldap_md5, passlib.ldap_sha1, passlib.ldap_salted_md5, passlib.ldap_salted_sha1, passlib.ldap_salted_sha256, passlib.ldap_salted_sha512]:
    add("directory", "passlib 1.7.4", hasher.hash)
for scheme, name in {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}.items():
    add("spring-digest", HASHLIB + " in Spring Security's layout", lambda t: "{" + scheme + "}{c2FsdA==}" + hashlib.new(name, t.encode() + b"{c2FsdA==}").hexdigest())
    add("spring-digest", HASHLIB + " in Spring Security's layout", lambda t: "{" + scheme + "}" + hashlib.new(name, t.encode()).hexdigest())


def standard(text):
    digest = SALT16[:8] + text.encode()
    for _ in range(1024):
        digest = hashlib.sha256(digest).digest()
    return "{sha256}" + (SALT16[:8] + digest).hex()


add("spring-digest", HASHLIB + " in Spring Security's layout", standard)
for name in ["md5", "sha1", "sha256", "sha512"]:
    format = "md5" if name == "md5" else "sha"
    for padded in [True, False]:
        for template in ["{SALT}{PASSWORD}", "{PASSWORD}{SALT}", "{PASSWORD}", "a{SALT}b{PASSWORD}c{PASSWORD}"]:
            salt = b"s\xfb\xff"
            fill = lambda t: template.encode().replace(b"{SALT}", salt).replace(b"{PASSWORD}", t.encode())
            add(format, HASHLIB, lambda t: f"${name}$pf=" + b64(template.encode(), padded) + "$" + b64(salt, padded) + "$" + b64(hashlib.new(name, fill(t)).digest(), padded))
for padded in [True, False]:
    add("md5", HASHLIB, lambda t: "$md5$" + b64(hashlib.md5(t.encode()).digest(), padded))
for name in ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]:
    for padded in [True, False]:
        for upper in [str.lower, str.upper]:
            add("hmac", "Python's hmac", lambda t: f"$hmac-{name}$" + b64(upper(hmac.new(b"12345", t.encode(), name).hexdigest()).encode(), padded) + "$" + b64(b"12345", padded))

# Wrappers
bcrypted = lambda t: bcrypt.hashpw(t.encode(), b"$2b$05$abcdefghijklmnopqrstuu").decode()
argon = lambda kind: lambda t: argon2.low_level.hash_secret(t.encode(), SALT16, 1, 64, 1, 32, kind).decode()
for wrap in ["{bcrypt}", "{BLF-CRYPT}", "{blf-crypt}", "{CRYPT}", "{crypt}", "bcrypt$", "1|"]:
    add_short("bcrypt", "python3-bcrypt, wrapped", lambda t: wrap + bcrypted(t))
add("bcrypt", "Django 3.2", lambda t: djangohash.BCryptSHA256PasswordHasher().encode(t, b"$2b$05$abcdefghijklmnopqrstuu"))
for wrap in ["{ARGON2}", "{argon2}", "{argon2@SpringSecurity_v5_2}", "{argon2@SpringSecurity_v5_8}", "{ARGON2ID}", "{Argon2id}", "argon2", ":argon2:", "3|"]:
    add("argon2id", "python3-argon2, wrapped", lambda t: wrap + argon(argon2.Type.ID)(t))
for wrap in ["{ARGON2}", "{ARGON2I}", "argon2", "2|"]:
    add("argon2i", "python3-argon2, wrapped", lambda t: wrap + argon(argon2.Type.I)(t))
for setting, format, own in [("$1$01234567", "md5-crypt", "{MD5-CRYPT}"), ("$5$abcd", "sha256-crypt", "{SHA256-CRYPT}"), ("$6$abcd", "sha512-crypt", "{SHA512-CRYPT}"), ("$y$j75$abcdefgh", "yescrypt", "{CRYPT}"), ("$7$5/..../....abcd", "crypt-scrypt", "{crypt}")]:
    for wrap in ["{CRYPT}", "{Crypt}", own]:
        add(format, LIBXCRYPT + ", wrapped", lambda t: wrap + crypt.crypt(t, setting))
add("directory", "passlib 1.7.4, wrapped", lambda t: "{ldap}" + passlib.ldap_salted_sha1.hash(t))

print("[\n" + ",\n".join(json.dumps(v, ensure_ascii=False) for v in vectors) + "\n]")
