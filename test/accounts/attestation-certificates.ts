/**
 * Certificates of an attestation, in DER and base64, valid from 2020 to 2120. Their keys are nowhere: no test
 * signs with them. `openssl ca` has made them.
 */

/** The root that has signed the other one. */
export const ROOT = [
  'MIIBmTCCAUCgAwIBAgICEAAwCgYIKoZIzj0EAwIwOzELMAkGA1UEBhMCVVMxDTALBgNVBAoMBFRlc3QxHTAbBgNVBAMMFFJv',
  'b3Qgb2YgYXR0ZXN0YXRpb25zMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjA7MQswCQYDVQQGEwJVUzENMAsG',
  'A1UECgwEVGVzdDEdMBsGA1UEAwwUUm9vdCBvZiBhdHRlc3RhdGlvbnMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT8YRJK',
  'aeMSFGefWLyEWxgBl0Gt43LRw4PJR7/Nnv1N0+58scgP7GUq56vf+iuBVIWec55EM+cTHAE9OuInwdoEozIwMDAPBgNVHRMB',
  'Af8EBTADAQH/MB0GA1UdDgQWBBSdwJadLHqnB/4GjT2sj5e9PpiVaTAKBggqhkjOPQQDAgNHADBEAiBeAoTeP3LfF7vnhFzQ',
  'QFoezokjPglsgMnxxOD28sHHtAIgFv9JYJ5uW2fe1/l2hIH8I2tgjSsnSfSGyWDEc6OrDfM=',
].join('');

/** A certificate as WebAuthn Level 3 section 8.2.1 asks for, with a revocation list at {@link CRL}. */
export const WITH_CRL = [
  'MIICCjCCAbGgAwIBAgICEAEwCgYIKoZIzj0EAwIwOzELMAkGA1UEBhMCVVMxDTALBgNVBAoMBFRlc3QxHTAbBgNVBAMMFFJv',
  'b3Qgb2YgYXR0ZXN0YXRpb25zMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjBYMQswCQYDVQQGEwJVUzENMAsG',
  'A1UECgwEVGVzdDEiMCAGA1UECwwZQXV0aGVudGljYXRvciBBdHRlc3RhdGlvbjEWMBQGA1UEAwwNQXV0aGVudGljYXRvcjBZ',
  'MBMGByqGSM49AgEGCCqGSM49AwEHA0IABGhdkXbQlCdLM869lWC7iTK9xpEaTNzSBoSsVqMso41Hu/GPnOfqRRSEI/RtYw1y',
  'fkdKAUBtKTKfjKja3FIASrOjgYUwgYIwCQYDVR0TBAIwADA1BgNVHR8ELjAsMCqgKKAmhiRodHRwOi8vY3JsLmxhdGNoa2V5',
  'LnRlc3QvcmV2b2tlZC5jcmwwHQYDVR0OBBYEFMnR63g1rWz2Jnn4/wsRgoqeCecnMB8GA1UdIwQYMBaAFJ3Alp0seqcH/gaN',
  'PayPl70+mJVpMAoGCCqGSM49BAMCA0cAMEQCIDF9px6N18a0CuqgQPM8RlefodH/9mTH/Dd2eCPHmW2HAiA78bEqDzmdXX6Z',
  'p2N4oCzl2cxUcF7kSCwc9E5PHNOKzQ==',
].join('');

/** The URL that the certificate names. */
export const CRL = 'http://crl.latchkey.test/revoked.crl';
