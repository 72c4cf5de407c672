import type { Config } from '../config/index.ts';
import { acrValues } from '../tokens/factors.ts';

type MetadataConfig = Pick<Config, 'publicUrl'>;

/** The path of PUBLIC_URL; empty for the root. */
export function issuerPath({ publicUrl }: MetadataConfig): string {
  return new URL(publicUrl).pathname.replace(/\/$/, '');
}

/**
 * Builds the metadata of an authorization server (RFC 8414 section 2). There is no token endpoint and no
 * authorization endpoint: people sign in with the API of the service.
 */
export function authorizationServerMetadata({ publicUrl }: MetadataConfig) {
  return {
    issuer: publicUrl,
    jwks_uri: `${publicUrl}/.well-known/jwks.json`,
    response_types_supported: [],
    grant_types_supported: [],
    introspection_endpoint: `${publicUrl}/introspect`,
    introspection_endpoint_auth_methods_supported: ['Bearer'],
    revocation_endpoint: `${publicUrl}/revoke`,
    revocation_endpoint_auth_methods_supported: ['none'],
    acr_values_supported: [...acrValues],
    service_documentation: `${publicUrl}/docs`,
  };
}

/** Builds the metadata of a protected resource (RFC 9728 section 2): this API. */
export function protectedResourceMetadata({ publicUrl }: MetadataConfig) {
  return {
    resource: publicUrl,
    authorization_servers: [publicUrl],
    bearer_methods_supported: ['header'],
    resource_documentation: `${publicUrl}/docs`,
  };
}
