import { ApiKey, NewApiKey } from '../accounts/api-keys/schemas.ts';
import {
  Authenticators,
  RecoveryCodes,
  TotpConfirmed,
  TotpEnrolment,
} from '../accounts/authenticators/schemas.ts';
import { HandedInvitation, Invitation } from '../accounts/invitations/schemas.ts';
import { PasskeyAssertion, PasskeyAttestation } from '../accounts/passkeys/credential.schemas.ts';
import { Passkey, PasskeyCreationOptions, PasskeyRequestOptions } from '../accounts/passkeys/schemas.ts';
import { ServiceAccount } from '../accounts/service-accounts/schemas.ts';
import { AccessTokenAnswer, Session, TokenPair } from '../accounts/sessions/schemas.ts';
import { NewUser } from '../accounts/users/new-user.schemas.ts';
import { User, VisibleUser } from '../accounts/users/schemas.ts';
import { AuditEvent } from '../audit/event.schemas.ts';
import { AcceptedResponse } from '../http/responses.ts';
import { MailCodeFlow } from '../routes/login/mail-code.schemas.ts';
import { PasskeyAdded, PasskeyEnrolment } from '../routes/me/passkeys.schemas.ts';
import { ProblemEntry } from '../routes/problems/problems.schemas.ts';
import { FeedEntry } from '../tokens/feed-entry.schemas.ts';

/** The schemas that the contract names. */
export const sharedSchemas = [
  User,
  NewUser,
  VisibleUser,
  ServiceAccount,
  ApiKey,
  NewApiKey,
  AccessTokenAnswer,
  TokenPair,
  AcceptedResponse,
  MailCodeFlow,
  AuditEvent,
  Session,
  Authenticators,
  TotpEnrolment,
  TotpConfirmed,
  RecoveryCodes,
  PasskeyAssertion,
  PasskeyAttestation,
  PasskeyRequestOptions,
  PasskeyCreationOptions,
  Passkey,
  PasskeyEnrolment,
  PasskeyAdded,
  Invitation,
  HandedInvitation,
  ProblemEntry,
  FeedEntry,
];
