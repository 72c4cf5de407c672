import type { Models } from './client.ts';

/** Models of a client that is taken only when a model is used. */
export abstract class LazyModels implements Models {
  protected abstract get models(): Models;

  get user() {
    return this.models.user;
  }

  get adminLock() {
    return this.models.adminLock;
  }

  get session() {
    return this.models.session;
  }

  get revocation() {
    return this.models.revocation;
  }

  get databaseIdentity() {
    return this.models.databaseIdentity;
  }

  get accessLevel() {
    return this.models.accessLevel;
  }

  get signingKey() {
    return this.models.signingKey;
  }

  get invitation() {
    return this.models.invitation;
  }

  get registration() {
    return this.models.registration;
  }

  get passwordReset() {
    return this.models.passwordReset;
  }

  get emailChange() {
    return this.models.emailChange;
  }

  get emailChangeStop() {
    return this.models.emailChangeStop;
  }

  get mail() {
    return this.models.mail;
  }

  get auditEvent() {
    return this.models.auditEvent;
  }

  get personalData() {
    return this.models.personalData;
  }

  get erasure() {
    return this.models.erasure;
  }

  get auditChain() {
    return this.models.auditChain;
  }

  get idempotentRequest() {
    return this.models.idempotentRequest;
  }

  get failedTries() {
    return this.models.failedTries;
  }

  get knownNetwork() {
    return this.models.knownNetwork;
  }

  get totp() {
    return this.models.totp;
  }

  get pendingTotp() {
    return this.models.pendingTotp;
  }

  get recoveryCode() {
    return this.models.recoveryCode;
  }

  get signInChallenge() {
    return this.models.signInChallenge;
  }

  get passkey() {
    return this.models.passkey;
  }

  get usedChallenge() {
    return this.models.usedChallenge;
  }

  get relyingParty() {
    return this.models.relyingParty;
  }

  get mailCode() {
    return this.models.mailCode;
  }

  get apiKey() {
    return this.models.apiKey;
  }

  get bootstrapKey() {
    return this.models.bootstrapKey;
  }
}
