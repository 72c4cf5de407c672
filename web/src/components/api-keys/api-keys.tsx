import { useEffect, useRef, useState } from 'preact/hooks';
import type { Resource } from '../../lib/resource.ts';
import { apiKeyTexts as own } from '../../texts/api-keys.ts';
import { Said } from '../said.tsx';
import { Empty, Loaded } from '../states.tsx';
import { KeyItem } from './key-item.tsx';
import { MakeKey } from './make-key.tsx';
import { NewKey } from './new-key.tsx';
import type { ApiKey, KeyChoices, KeyOwner, NewApiKey } from './owner.ts';

interface ApiKeysProps {
  readonly owner: KeyOwner;
  readonly keys: Resource<{ readonly apiKeys: readonly ApiKey[] }>;
  /** What a new key can be; undefined where the reader may make none. */
  readonly choices: KeyChoices | undefined;
  readonly mayEnd: boolean;
}

/** The API keys of an account: to make one, to see it once, and to take it back. */
export function ApiKeys({ owner, keys, choices, mayEnd }: ApiKeysProps) {
  const [made, setMade] = useState<NewApiKey>();
  const [making, setMaking] = useState<{ readonly like?: ApiKey }>();
  const [done, setDone] = useState<{ readonly text: string }>();
  const button = useRef<HTMLButtonElement>(null);
  const wasMaking = useRef(false);
  const isMaking = making !== undefined;
  // Without a message, the button that opened the form gets the focus.
  useEffect(() => {
    if (wasMaking.current && !isMaking && made === undefined) button.current?.focus();
    wasMaking.current = isMaking;
  }, [isMaking, made]);
  const say = (text: string) => {
    setDone({ text });
    keys.reload();
  };
  const open = (like?: ApiKey) => {
    setDone(undefined);
    setMaking(like === undefined ? {} : { like });
  };
  const canMake = choices !== undefined && choices.levels.length > 0;

  if (made !== undefined) {
    const kept = () => {
      setMade(undefined);
      say(own.made);
    };
    return <NewKey made={made} done={kept} />;
  }
  if (making !== undefined && choices !== undefined)
    return (
      <MakeKey
        owner={owner}
        choices={choices}
        like={making.like}
        made={(key) => {
          setMaking(undefined);
          setMade(key);
        }}
        // A key whose answer was lost is in the list.
        failed={keys.reload}
        leave={() => setMaking(undefined)}
      />
    );
  return (
    <>
      <Said what={done}>{done?.text}</Said>
      <Loaded resource={keys}>
        {({ apiKeys }) =>
          apiKeys.length === 0 ? (
            <Empty>{own.none}</Empty>
          ) : (
            <ul class="items">
              {apiKeys.map((key) => (
                <KeyItem
                  key={key.id}
                  apiKey={key}
                  owner={owner}
                  mayEnd={mayEnd}
                  ended={() => say(own.ended)}
                  repeat={canMake ? () => open(key) : undefined}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      {canMake && (
        <div class="actions">
          <button ref={button} type="button" class="button primary" onClick={() => open()}>
            {own.make}
          </button>
        </div>
      )}
    </>
  );
}
