"""MediChat's settings: one file, everything an operator may change comes from the environment (see .env.example).

Development is the default: an embedded PostgreSQL, keys made on first use under the data directory. With
``MEDICHAT_ENV=production`` every secret must be given; what is missing, default or too short stops the start
with a sentence that names the setting and the remedy.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from medichat.db import embedded
from medichat.db.urls import database_from_url
from medichat.weak_secrets import refuse_known_password, refuse_shared, refuse_weak_key, refuse_weak_text

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    """The environment variable without surrounding blanks, or the default when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool = False) -> bool:
    """A yes/no variable: 1, true, yes and on mean yes, whatever the case."""
    value = env(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no (1/0, true/false, on/off), not {value!r}.")


def env_int(name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
    """A whole number from the environment, refused when it is below the minimum or above the maximum."""
    raw = env(name)
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}.") from None
    if value < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {value}.")
    if maximum is not None and value > maximum:
        raise ImproperlyConfigured(f"{name} must be at most {maximum}, not {value}.")
    return value


SECONDS_IN = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}


def env_seconds(name: str, default: str) -> int:
    """A length of time as ``15m``, ``1h``, ``7d`` or plain seconds, in seconds; refused when it is none."""
    raw = env(name, default)
    number, unit = (raw[:-1], raw[-1]) if raw[-1] in SECONDS_IN else (raw, "s")
    if not number.isdecimal() or not int(number):
        raise ImproperlyConfigured(f"{name} must be a length of time like 15m, 1h or 7d, not {raw!r}.")
    return int(number) * SECONDS_IN[unit]


def env_list(name: str, default: str = "") -> list[str]:
    """A comma-separated variable as a list without empty parts."""
    return [part.strip() for part in env(name, default).split(",") if part.strip()]


ENVIRONMENT = env("MEDICHAT_ENV", "development")
if ENVIRONMENT not in {"development", "production", "test"}:
    raise ImproperlyConfigured(f"MEDICHAT_ENV must be development, production or test, not {ENVIRONMENT!r}.")
PRODUCTION = ENVIRONMENT == "production"
DATA_DIR = Path(env("MEDICHAT_DATA_DIR", str(BASE_DIR / "var"))).absolute()


def secret(name: str, *, minimum_length: int = 32, is_key: bool = False) -> str:
    """A secret from the environment; in development one is made and kept in the data directory.

    Raises ImproperlyConfigured in production when it is missing, shorter than ``minimum_length`` characters, or an
    example's (``medichat.weak_secrets``); keys (``is_key``) are looked at when their bytes are read.
    """
    value = env(name)
    if not value and not PRODUCTION:
        return embedded.development_secret(DATA_DIR, name)
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Production does not start without its secrets: make one with "
            f"'manage.py generate_secrets' and put it into the environment."
        )
    if len(value) < minimum_length:
        raise ImproperlyConfigured(f"{name} is too short: {minimum_length} characters at least.")
    if PRODUCTION and not is_key:
        refuse_weak_text(name, value)
    return value


def encryption_key(name: str, part: str) -> tuple[str, bytes]:
    """Read one ``id:base64`` key; the base64 must be exactly 32 bytes."""
    key_id, separator, encoded = part.partition(":")
    try:
        key = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (ValueError, binascii.Error):
        key = b""
    if not separator or not (1 <= len(key_id) <= 16) or not key_id.isascii() or len(key) != 32:
        raise ImproperlyConfigured(
            f"{name} must hold keys of the form id:base64 (32 bytes), newest first, separated by commas. "
            "'manage.py generate_secrets' makes one."
        )
    if PRODUCTION:
        refuse_weak_key(name, key)
    return key_id, key


SECRET_KEY = secret("SECRET_KEY", minimum_length=50 if PRODUCTION else 32)
JWT_SECRET = secret("JWT_SECRET")
REFRESH_TOKEN_SECRET = secret("REFRESH_TOKEN_SECRET")
# The first encrypts, all decrypt.
ENCRYPTION_KEYS: list[tuple[str, bytes]] = [
    encryption_key("ENCRYPTION_KEY", part) for part in secret("ENCRYPTION_KEY", is_key=True).split(",")
]
BLIND_INDEX_KEY: bytes = encryption_key("BLIND_INDEX_KEY", secret("BLIND_INDEX_KEY", is_key=True))[1]
AUDIT_SIGNING_KEY: bytes = encryption_key("AUDIT_SIGNING_KEY", secret("AUDIT_SIGNING_KEY", is_key=True))[1]
if PRODUCTION:
    refuse_shared(
        {"SECRET_KEY": SECRET_KEY, "JWT_SECRET": JWT_SECRET, "REFRESH_TOKEN_SECRET": REFRESH_TOKEN_SECRET}
        | {f"ENCRYPTION_KEY ({key_id})": key for key_id, key in ENCRYPTION_KEYS}
        | {"BLIND_INDEX_KEY": BLIND_INDEX_KEY, "AUDIT_SIGNING_KEY": AUDIT_SIGNING_KEY}
    )
# Backups are sealed for the public key; the private one belongs to whoever restores (see medichat.backup.keys).
BACKUP_PUBLIC_KEY = env("BACKUP_PUBLIC_KEY")
BACKUP_PRIVATE_KEY = env("BACKUP_PRIVATE_KEY")

# Prescriptions are signed with this: a PKCS #12 file in base64 (see prescriptions.signing_key, which refuses what will
# not do). Development makes a key of its own, and its sheets say so.
PRESCRIPTION_SIGNING_KEY = env("PRESCRIPTION_SIGNING_KEY")
PRESCRIPTION_SIGNING_PASSPHRASE = env("PRESCRIPTION_SIGNING_PASSPHRASE")

DEBUG = env_bool("DEBUG") and not PRODUCTION
PUBLIC_URL = env("PUBLIC_URL", f"http://127.0.0.1:{env('PORT', '8000')}").rstrip("/")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "" if PRODUCTION else "127.0.0.1,localhost,[::1],testserver")
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is not set: name the host names under which patients reach the clinic.")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")

# The clinic
CLINIC_NAME = env("CLINIC_NAME", "MediChat Clinic")
CLINIC_ADDRESS = env("CLINIC_ADDRESS", "1 Example Street, Sampletown")
CLINIC_PHONE = env("CLINIC_PHONE", "+00 000 000 000")
EMERGENCY_NUMBER = env("EMERGENCY_NUMBER", "112")
DEMO_CLINIC = env_bool("MEDICHAT_DEMO")
if DEMO_CLINIC and PRODUCTION:
    raise ImproperlyConfigured(
        "MEDICHAT_DEMO is switched on, but the demonstration clinic has public passwords and no second factor. "
        "Production does not start with it: remove MEDICHAT_DEMO from the environment."
    )

INSTALLED_APPS = [
    "medichat.apps.MediChatConfig",
    "accounts.apps.AccountsConfig",
    "records.apps.RecordsConfig",
    "conversations.apps.ConversationsConfig",
    "prescriptions.apps.PrescriptionsConfig",
    "audit.apps.AuditConfig",
    "medichat.legacy.apps.LegacyConfig",
    "accounts.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "auditlog",
    "csp",
    "django_htmx",
    "pgtrigger",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "medichat.surface.SurfaceMiddleware",  # headers of every answer
    "medichat.health.HealthMiddleware",  # next: answers without host, session or database context
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "medichat.api.addresses.OneAddressMiddleware",
    "medichat.api.origins.OriginMiddleware",
    "audit.middleware.RequestRecordMiddleware",  # request id; logs refusals and failures after their rollback
    "medichat.surface.ApiOverTlsMiddleware",
    "accounts.request_limit.RequestLimitMiddleware",
    "accounts.middleware.ThrottleMiddleware",  # counts attempts in statements of their own, before the transaction
    "medichat.middleware.DatabaseContextMiddleware",  # one transaction and one row-level-security context a request
    "accounts.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
]

ROOT_URLCONF = "medichat.urls"
WSGI_APPLICATION = "medichat.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "medichat.pages.clinic",
            ],
            "builtins": ["medichat.templatetags.clinical"],
        },
    },
]

# The database: the application role is "default"; the owner, who alone may change tables, is "owner".
DATABASE_POOL_SIZE = env_int("DATABASE_POOL_SIZE", 8, minimum=1)
# A pooler in transaction mode between us and the server must know of prepared statements, so nobody gets them unasked.
DATABASE_KEEP_PLANS = env_bool("DATABASE_KEEP_PLANS", not env("DATABASE_URL"))
LOG_SQL = env_bool("LOG_SQL") and not PRODUCTION
# Without DATABASE_URL, the embedded server; it never mixes with a server of the operator's own.
EMBEDDED_DATABASE = not env("DATABASE_URL")
if EMBEDDED_DATABASE and PRODUCTION:
    raise ImproperlyConfigured(
        "DATABASE_URL is not set: production needs a PostgreSQL server of its own, reached as the application role. "
        "'manage.py setup_database' makes the roles and prints the URL."
    )
if EMBEDDED_DATABASE and env("DATABASE_OWNER_URL"):
    raise ImproperlyConfigured(
        "DATABASE_OWNER_URL is set but DATABASE_URL is not: set both for a server of your own, or neither for the "
        "embedded one."
    )
if EMBEDDED_DATABASE:
    _urls = embedded.connection_urls(DATA_DIR)
    _application_url, _owner_url = _urls.application, _urls.owner
else:
    _application_url, _owner_url = env("DATABASE_URL"), env("DATABASE_OWNER_URL")
DATABASES: dict[str, dict[str, Any]] = {
    "default": database_from_url(_application_url, pool_size=DATABASE_POOL_SIZE, keep_plans=DATABASE_KEEP_PLANS),
}
if _owner_url:
    DATABASES["owner"] = database_from_url(_owner_url, pool_size=0)
if PRODUCTION:
    for _alias, _variable in (("default", "DATABASE_URL"), ("owner", "DATABASE_OWNER_URL")):
        if _alias in DATABASES:
            refuse_known_password(_variable, DATABASES[_alias]["USER"], DATABASES[_alias]["PASSWORD"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Signing in
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.EmailBackend"]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "landing"
# Messages name patients: in a cookie that scripts cannot read they are in no table.
MESSAGE_STORAGE = "medichat.surface.HostCookieStorage"
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2Hasher",
    "accounts.hashers.LegacyBcryptHasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "accounts.validators.LengthValidator"},
    {"NAME": "accounts.validators.ContextWordsValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 60 * 60
# Whose password alone does not sign them in. Everybody else may set up a second factor; the demonstration asks nobody.
MFA_REQUIRED_ROLES = env_list("MFA_REQUIRED_ROLES", "" if DEMO_CLINIC else "doctor,admin")
if not set(MFA_REQUIRED_ROLES) <= {"patient", "doctor", "admin"}:
    raise ImproperlyConfigured(
        f"MFA_REQUIRED_ROLES must name roles (patient, doctor, admin), separated by commas, not {MFA_REQUIRED_ROLES!r}."
    )
if PRODUCTION and not {"doctor", "admin"} <= set(MFA_REQUIRED_ROLES):
    raise ImproperlyConfigured(
        "MFA_REQUIRED_ROLES leaves out doctors or administrators, whose password alone would then open patients' "
        "records. Production does not start with it: name at least doctor,admin, or remove the setting."
    )
SESSION_ENGINE = "accounts.session_store"
SESSION_TIMEOUT_MINUTES = env_int("SESSION_TIMEOUT_MINUTES", 15, minimum=1)
SESSION_ABSOLUTE_HOURS = env_int("SESSION_ABSOLUTE_HOURS", 12, minimum=1)
# Tokens of API clients. A doctor's or administrator's session is never longer there than in a browser.
JWT_EXPIRES_IN = env_seconds("JWT_EXPIRES_IN", "1h")
REFRESH_TOKEN_EXPIRES_IN = env_seconds("REFRESH_TOKEN_EXPIRES_IN", "7d")
# Web pages of other hosts that may call the API from a browser; FRONTEND_URL is the previous system's name for it.
CORS_ALLOWED_ORIGINS = env_list(
    "CORS_ALLOWED_ORIGINS", env("FRONTEND_URL", "" if PRODUCTION else "http://localhost:3001")
)
# Requests in a quarter of an hour: of whoever is not signed in, by address (which a clinic shares), and of each person.
API_REQUESTS_PER_ADDRESS = env_int("API_REQUESTS_PER_ADDRESS", 100 if PRODUCTION else 1000, minimum=1)
API_REQUESTS_PER_PERSON = env_int("API_REQUESTS_PER_PERSON", 1000, minimum=1)
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_HOURS * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Over TLS the names begin with __Host-: the browser then takes such a cookie from this host alone, for all of it.
_COOKIE_PREFIX = "__Host-" if PRODUCTION else ""
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrftoken"
DEVICE_COOKIE_NAME = f"{_COOKIE_PREFIX}device"
MESSAGE_COOKIE_NAME = f"{_COOKIE_PREFIX}messages"
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "medichat.pages.expired_form"

# How long a doctor may see a chart by emergency access; the database refuses more than four hours.
BREAK_GLASS_MINUTES = env_int("BREAK_GLASS_MINUTES", 60, minimum=1, maximum=240)

# The surface
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = PRODUCTION and env_bool("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"(?i)^api(/|$)"]  # refused instead: medichat.surface.ApiOverTlsMiddleware
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
if env_bool("BEHIND_TLS_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", 0)
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}

# Files: patients may attach 10 MB; a little more is read so that "too large" can be answered on the page.
ATTACHMENT_MAX_BYTES = 10 * 1024 * 1024
UPLOAD_MAX_BYTES = 4 * ATTACHMENT_MAX_BYTES
FILE_UPLOAD_HANDLERS = [
    "medichat.uploads.RefuseTooLong",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# The socket of ClamAV's clamd, a path or host:port. With it, no file is accepted that was not scanned.
CLAMAV_SOCKET = env("CLAMAV_SOCKET")
CLAMAV_TIMEOUT_SECONDS = env_int("CLAMAV_TIMEOUT_SECONDS", 30, minimum=1)
MESSAGE_MAX_CHARACTERS = 5_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILES_DIR = Path(env("FILES_DIR", str(DATA_DIR / "files")))
STATIC_URL = "static/"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "medichat.api.schema.static_files.SwaggerFinder",
]
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if ENVIRONMENT != "test"
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}

# E-mail: printed on the console unless a server is named.
EMAIL_HOST = env("EMAIL_HOST")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = env_int("EMAIL_PORT", 587)
EMAIL_HOST_USER = env("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD")
if PRODUCTION and EMAIL_HOST_USER and not EMAIL_HOST_PASSWORD:
    raise ImproperlyConfigured("EMAIL_HOST_USER is set but EMAIL_HOST_PASSWORD is not: set both or neither.")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "clinic@localhost")

# The record
AUDIT_RETENTION_DAYS = env_int("AUDIT_RETENTION_DAYS", 2555, minimum=1)
AUDIT_SEALS_FILE = Path(env("AUDIT_SEALS_FILE", str(DATA_DIR / "seals.jsonl")))
AUDIT_ARCHIVE_DIR = Path(env("AUDIT_ARCHIVE_DIR", str(DATA_DIR / "log-archive")))
# Diffs of admin and API edits name the request by our own id; what headers claim about it is not believed.
AUDITLOG_CID_GETTER = "audit.request.current_request_id"
AUDITLOG_DISABLE_REMOTE_ADDR = True

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = "medichat.formats"

# The API (medichat.api)
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "medichat.api.negotiation.AlwaysJson",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "medichat.api.negotiation.Utf8JsonParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "medichat.api.errors.answer_exception",
    "DEFAULT_SCHEMA_CLASS": "medichat.api.schema.operations.Describing",
    "URL_FORMAT_OVERRIDE": None,
    "FORMAT_SUFFIX_KWARG": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

# The description of the API (medichat.api.schema).
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "MediChat API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": (
        "Consultations, charts and prescriptions of a clinic. Paths match in any case, with and without a slash at the "
        "end; an unknown path and a wrong method are 404. Fields may be added: ignore those you do not know. Errors "
        "come as problem details (RFC 9457) to who accepts `application/problem+json`. The API is reached over https "
        "only; without it every call is 403."
    ),
    "SCHEMA_PATH_PREFIX": "/api",
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    # Words of a choice stand where they are used; there are no names for them to find.
    "POSTPROCESSING_HOOKS": [],
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # .ci/check looks at it
    "TAGS": [
        {"name": "auth", "description": "Signing in and out, registering, passwords."},
        {"name": "patients", "description": "A patient's own record and consultations."},
        {"name": "chatbot", "description": "The chat with the assistant."},
        {"name": "attachments", "description": "Files of consultations."},
        {"name": "doctors", "description": "The queue, cases, answers and prescriptions."},
        {"name": "admin", "description": "Accounts, figures and the activity log."},
        {"name": "meta", "description": "What is here."},
    ],
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "medichat.server_log.JsonLines"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json" if PRODUCTION else "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Django's own SQL log holds parameters, which are patient data; LOG_SQL=1 uses medichat.db.sql_log instead.
        "django.db.backends": {"level": "WARNING"},
        "pikepdf": {"level": "WARNING"},  # announces itself when it is imported
        "weasyprint": {"level": "WARNING"},  # reports its progress on every prescription
    },
}
